(function () {
  "use strict";
  var study = JSON.parse(document.getElementById("study").textContent);
  var panels = Array.prototype.slice.call(document.querySelectorAll(".panel"));
  var maps = document.getElementById("maps");
  var tabs = document.getElementById("tabs");
  var tip = document.getElementById("tip");
  var PLOT = {left: 8, width: 360, top: 14, height: 128, whole: 380, tall: 250};

  function runOf(map) {
    var cell = study.cells[Number(map.dataset.cell)];
    return map.dataset.run === "predicted" ? cell.predicted : cell.measured[Number(map.dataset.run)];
  }

  function show(which) {
    maps.classList.toggle("one", which >= 0);
    panels.forEach(function (panel, i) { panel.hidden = which >= 0 && i !== which; });
    Array.prototype.forEach.call(tabs.children, function (button, i) {
      button.setAttribute("aria-pressed", String(i === which + 1));
    });
  }

  function addTab(text, which) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", function () { show(which); });
    tabs.appendChild(button);
  }

  function number(value) {
    return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
  }

  function describe(map, part, depth) {
    var run = runOf(map), cell = study.cells[Number(map.dataset.cell)];
    var bounds = study.designs[cell.design].bounds;
    var second = Math.floor(part * Number(map.dataset.seconds));
    var bucket = Math.min(bounds.length - 1, Math.floor(depth * bounds.length));
    if (second < 0 || second >= run.seconds) return null;
    var servers = run.servers[second], busiest = servers.indexOf(Math.max.apply(null, servers));
    var events = run.events.filter(function (one) { return one.second === second; });
    var lines = ["second " + second,
      "keys " + bounds[bucket] + (bucket + 1 < bounds.length ? " to " + bounds[bucket + 1] : " and above"),
      number(run.heat[second][bucket]) + " requests/s of " +
        number(run.heat[second].reduce(function (a, b) { return a + b; }, 0)),
      "busiest: server " + (busiest + 1) + " with " + number(servers[busiest]) + " requests/s, " +
        run.timeline.max_mean[second].toFixed(2) + "\u00d7 its share; " +
        Math.round(100 * run.timeline.served[second]) + " % served"];
    events.forEach(function (one) {
      lines.push(one.kind === "split" ? "a tablet is split at " + Math.round(100 * one.at) + " % of the rows"
        : "a tablet moves from server " + (one.from + 1) + " to " + (one.to + 1));
    });
    return lines;
  }

  function place(lines, x, y) {
    tip.textContent = "";
    lines.forEach(function (line) {
      var row = document.createElement("div");
      row.textContent = line;
      tip.appendChild(row);
    });
    tip.hidden = false;
    var box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, window.innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > window.innerHeight ? y - box.height - 10 : y + 18) + "px";
  }

  function at(map, part, depth, x, y) {
    var lines = part >= 0 && part < 1 && depth >= 0 ? describe(map, part, Math.min(depth, 0.999)) : null;
    if (lines) place(lines, x, y); else tip.hidden = true;
  }

  function watch(map) {
    var cursor = {part: 0, depth: 0.5};
    map.tabIndex = 0;
    map.addEventListener("pointermove", function (event) {
      var box = map.getBoundingClientRect();
      var x = (event.clientX - box.left) / box.width * PLOT.whole, y = (event.clientY - box.top) / box.height * PLOT.tall;
      at(map, (x - PLOT.left) / PLOT.width, (y - PLOT.top) / PLOT.height, event.clientX, event.clientY);
    });
    map.addEventListener("pointerleave", function () { tip.hidden = true; });
    map.addEventListener("blur", function () { tip.hidden = true; });
    map.addEventListener("keydown", function (event) {
      var step = {ArrowRight: [1 / 60, 0], ArrowLeft: [-1 / 60, 0], ArrowDown: [0, 1 / 32], ArrowUp: [0, -1 / 32]}[event.key];
      if (event.key === "Escape") tip.hidden = true;
      if (!step) return;
      event.preventDefault();
      cursor.part = Math.max(0, Math.min(0.999, cursor.part + step[0]));
      cursor.depth = Math.max(0, Math.min(0.999, cursor.depth + step[1]));
      var box = map.getBoundingClientRect();
      at(map, cursor.part, cursor.depth,
        box.left + (PLOT.left + cursor.part * PLOT.width) / PLOT.whole * box.width,
        box.top + (PLOT.top + cursor.depth * PLOT.height) / PLOT.tall * box.height);
    });
  }

  if (panels.length > 1) {
    addTab("all side by side", -1);
    panels.forEach(function (panel, i) { addTab(panel.querySelector("h3").textContent, i); });
    tabs.hidden = false;
    show(-1);
  }
  Array.prototype.forEach.call(document.querySelectorAll(".map"), watch);
})();
