"""HBase's RPC in a few lines, for tests that must see every answer of a server: no retries, no cache."""
import hashlib
import os
import re
import socket
import struct


def varint(value):
    out = b""
    while True:
        byte = value & 127
        value >>= 7
        out += bytes([byte | (128 if value else 0)])
        if not value:
            return out


def field(number, value):
    """A field of a message: an int, or bytes (a string, a submessage)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """{number: [values]} of a message."""
    at, found = 0, {}
    while at < len(data):
        key, at = take_varint(data, at)
        if key & 7 == 0:
            value, at = take_varint(data, at)
        elif key & 7 == 2:
            size, at = take_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if key & 7 == 1 else 4
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


class Refused(Exception):
    """An exception of the server: class name and text, and the id of the call that it answers."""

    def __init__(self, name, text, call_id=None):
        super().__init__(f"{name}: {text}")
        self.call_id = call_id
        self.name = name.rpartition(".")[2]
        self.text = text


class Connection:
    """Cells travel inside the messages; with a codec (a class of org.apache.hadoop.hbase.codec) in blocks, as of a client 2.6."""

    def __init__(self, address, service, timeout=30, codec=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        header = field(2, service)
        if codec:
            version = b"".join(field(number, "2.6") for number in range(1, 7)) + field(7, 2) + field(8, 6)
            header += field(3, "org.apache.hadoop.hbase.codec." + codec) + field(5, version)
        self.socket.sendall(b"HBas\0\x50" + struct.pack(">I", len(header)) + header)
        self.last_id = 0
        self.input = b""
        self.cells = b""  # the block of the last answer

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def read(self, size):
        while len(self.input) < size:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("the server has closed the connection")
            self.input += got
        data, self.input = self.input[:size], self.input[size:]
        return data

    def request(self, method, param=b"", timeout_ms=None, cells=b""):
        """The bytes of the next call."""
        self.last_id += 1
        header = field(1, self.last_id) + field(3, method) + field(4, 1)
        if cells:
            header += field(5, field(1, len(cells)))
        if timeout_ms:
            header += field(7, timeout_ms)
        body = varint(len(header)) + header + varint(len(param)) + param + cells
        return struct.pack(">I", len(body)) + body

    def answer(self):
        """The next answer: the id of its call, and its message."""
        frame = self.read(struct.unpack(">I", self.read(4))[0])
        size, at = take_varint(frame, 0)
        header = fields(frame[at:at + size])
        if 2 in header:
            exception = fields(header[2][0])
            raise Refused(exception[1][0].decode(), exception[2][0].decode(), header[1][0])
        size, at = take_varint(frame, at + size)
        self.cells = frame[at + size:]
        return header[1][0], fields(frame[at:at + size])

    def send(self, method, param=b"", timeout_ms=None, cells=b""):
        self.socket.sendall(self.request(method, param, timeout_ms, cells))

    def call(self, method, param=b"", timeout_ms=None, cells=b""):
        self.send(method, param, timeout_ms, cells)
        return self.answer()[1]


class Region:
    def __init__(self, message):
        found = fields(message)
        table = fields(found[2][0])
        space, name = table[1][0].decode(), table[2][0].decode()
        self.table = name if space == "default" else f"{space}:{name}"
        self.start = found.get(3, [b""])[0]
        self.end = found.get(4, [b""])[0]
        self.id = found[1][0]
        self.encoded = hashlib.md5(b"%s,%s,%d" % (self.table.encode(), self.start, self.id)).hexdigest()
        if self.table == "hbase:meta":
            self.encoded = "1588230740"

    def has(self, row):
        return self.start <= row and (not self.end or row < self.end)


def specifier(encoded):
    return field(1, 2) + field(2, encoded)


def cell(row, family, qualifier, timestamp, value, tags=b""):
    """A put as it stands in a cell block; tags as tag() makes them, one after the other."""
    key = struct.pack(">H", len(row)) + row + bytes([len(family)]) + family + qualifier + struct.pack(">qB", timestamp, 4)
    body = struct.pack(">II", len(key), len(value)) + key + value
    if tags:
        body += struct.pack(">H", len(tags)) + tags
    return struct.pack(">I", len(body)) + body


def tag(kind, payload):
    return struct.pack(">HB", 1 + len(payload), kind) + payload


def server_name(text):
    host, port, code = text.split(",")
    return field(1, host) + field(2, int(port)) + field(3, int(code))


def put(encoded, row, family, qualifier, value):
    """The parameter of Mutate."""
    cell = field(1, family) + field(2, field(1, qualifier) + field(2, value))
    return field(1, specifier(encoded)) + field(2, field(1, row) + field(2, 2) + field(3, cell))


def get(encoded, row):
    return field(1, specifier(encoded)) + field(2, field(1, row))


def moved_to(refusal):
    """The new address that a RegionMovedException tells; None for another."""
    found = re.search(r"hostname=(\S+) port=(\d+) startCode=(\d+)", refusal.text)
    return f"{found[1]}:{found[2]}" if refusal.name == "RegionMovedException" and found else None


class Cluster:
    """A cluster of tests/support/cluster.sh."""

    def __init__(self, directory):
        self.directory = directory

    def address(self, name):
        with open(os.path.join(self.directory, name + ".ready")) as file:
            return re.search(r"hbase=(\S+)", file.read())[1]

    def names(self):
        return sorted(name[:-6] for name in os.listdir(self.directory) if name.endswith(".ready"))

    def alive(self):
        """The names of the processes that run."""
        found = set()
        for name in self.names():
            try:
                with open(os.path.join(self.directory, name + ".pid")) as file:
                    pid = file.read().strip()
                with open(f"/proc/{pid}/stat") as file:
                    if file.read().rpartition(") ")[2][0] != "Z":
                        found.add(name)
            except OSError:
                pass
        return found

    def tablet_servers(self):
        return [self.address(name) for name in self.names() if name.startswith("t")]

    def master(self):
        """A connection to the master that leads."""
        for name in self.names():
            if not name.startswith("m"):
                continue
            try:
                connection = Connection(self.address(name), "MasterService")
                connection.call("IsMasterRunning")
                return connection
            except (OSError, Refused):
                continue
        raise RuntimeError("no master leads")

    def server_texts(self):
        """{address: "host,port,startcode"} of the tablet servers."""
        found = {}
        for address in self.tablet_servers():
            connection = Connection(address, "AdminService")
            info = fields(connection.call("GetServerInfo")[1][0])
            name = fields(info[1][0])
            found[address] = f"{name[1][0].decode()},{name[2][0]},{name[3][0]}"
            connection.close()
        return found

    def regions(self):
        """[(address, Region)] of all that are open."""
        found = []
        for address in self.tablet_servers():
            connection = Connection(address, "AdminService")
            found += [(address, Region(one)) for one in connection.call("GetOnlineRegion").get(1, [])]
            connection.close()
        return found

    def move(self, master, encoded, server_text):
        master.call("MoveRegion", field(1, specifier(encoded)) + field(2, server_name(server_text)))
