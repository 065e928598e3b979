"""Makes a document of the directory one of a format that no program knows yet, valid otherwise (docs/formats/documents.md)."""
import ctypes
import os
import struct

VERSION_AT, NEWER = 8, 99


def make_newer(path):
    """Another file under the same name, as a newer server would have left it."""
    xxhash = ctypes.CDLL("libxxhash.so.0")
    xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    xxhash.XXH3_64bits_withSeed.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)
    with open(path, "rb") as file:
        body = bytearray(file.read()[:-8])
    seed, = struct.unpack_from("<Q", body)
    struct.pack_into("<H", body, VERSION_AT, NEWER)
    checksum = xxhash.XXH3_64bits_withSeed(bytes(body), len(body), seed)
    with open(path + ".new", "wb") as file:
        file.write(bytes(body) + struct.pack("<Q", checksum))
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)
