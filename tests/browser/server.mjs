// A real server for the browser: a standalone in a directory of its own, the shell and the load generator against it.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './harness.mjs';

const stele = process.env.STELE ?? 'build/release/stele';
const run = promisify(execFile);

export async function startServer(...options) {
  const place = mkdtempSync(join(tmpdir(), 'stele-browser-'));
  const log = openSync(join(process.env.OUT ?? place, 'server.log'), 'w');
  const children = [];
  const child = spawn(stele, ['standalone', join(place, 'data'), '--listen=127.0.0.1:0', '--web-port=0', '--zookeeper-port=off',
    '--bigtable-port=off', '--memory=256M', ...options], { stdio: ['ignore', 'pipe', log] });
  let ready = '';
  child.stdout.on('data', (data) => { ready += data; });
  const stop = async () => {
    for (const one of children) one.kill('SIGINT');
    const ended = new Promise((done) => { child.once('exit', done); });
    if (child.exitCode === null) { child.kill('SIGTERM'); await ended; }
    rmSync(place, { recursive: true, force: true });
  };
  try {
    await eventually(() => /^ready .*\n/.test(ready) || child.exitCode !== null, 'the server did not get ready');
    const [, hbase, web] = ready.match(/hbase=(\S+).* web=(\S+)/);
    const url = `http://${web}`;
    return {
      url, stop,
      shell: (commands) => run(stele, ['shell', '-n', `--connect=${hbase}`, '-e', commands]),
      // Runs until `stop`, or for the time it is given.
      load: (...words) => {
        const one = spawn(stele, ['bench', 'load', `--connect=${hbase}`, ...words], { stdio: ['ignore', openSync(join(place, 'load.txt'), 'w'), 'inherit'] });
        children.push(one);
        return { result: () => readFileSync(join(place, 'load.txt'), 'utf8'), hasEnded: () => one.exitCode !== null };
      },
      api: async (path) => {
        let response = await fetch(`${url}/api/v1/${path}`);
        for (let i = 0; i < 10 && response.status === 503; i++) response = await fetch(`${url}/api/v1/${path}`); // busy
        const body = await response.json();
        if (!response.ok) throw new Error(`${path}: ${response.status} ${body.error?.message}`);
        return body;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
