#!/usr/bin/env python3
"""The Hub from outside: what is downloaded, what is read as it streams, what goes wrong on the way.

usage: hub.py HLWQ
"""
import json
import os
import shutil
import ssl
import subprocess

import kill_and_resume
import support
from fake_hub import COMMIT, TOKEN, FakeHub
from support import check, refused, same, succeed, synth

REFERENCE = "hf:org/model"


def serve(folder, *flags, **options):
    """A synthetic model in folder/model, and a Hub that has it; hlwq is told of it."""
    source = synth(folder / "model", *flags, **options)
    (source / "hlwq_manifest.json").unlink()  # the Hub's models were written by others
    (source / "tokenizer.json").write_text("{}")
    (source / "sub").mkdir()
    (source / "sub" / "notes.txt").write_text("not at the top")
    hub = FakeHub(source)
    os.environ.update(hub.environment(folder / "hf"))
    return source, hub


def snapshot(folder):
    return folder / "hf" / "hub" / "models--org--model" / "snapshots" / COMMIT


def a_download_is_found_without_a_network(folder):
    source, hub = serve(folder)
    done = json.loads(succeed("download", "org/model", "--json").stdout)
    check(done["folder"] == str(snapshot(folder)), f"got {done['folder']}")
    check(done["received_bytes"] == done["bytes"] > 20_000_000, f"got {done}")
    same(snapshot(folder), source, "download")
    check(all(path.is_symlink() and not os.readlink(path).startswith("/")
              for path in snapshot(folder).rglob("*") if not path.is_dir()), "want relative links")
    ref = folder / "hf" / "hub" / "models--org--model" / "refs" / "main"
    check(ref.read_text() == COMMIT, "want the commit in refs/main")
    check(all("Authorization" not in headers for is_store, _, _, headers in hub.requests if is_store),
          "the token went to the store")
    check(all(headers.get("Authorization") == f"Bearer {TOKEN}"
              for is_store, _, _, headers in hub.requests if not is_store), "want the token")
    hub.close()
    succeed("inspect", REFERENCE)
    succeed("quantize", REFERENCE, folder / "coded")
    succeed("quantize", source, folder / "want")
    same(folder / "coded", folder / "want", "quantize from the cache")
    succeed("quantize", f"{REFERENCE}@{COMMIT}", folder / "by-commit")
    same(folder / "by-commit", folder / "want", "quantize from the cache by commit")
    refused("offline", "HF_HUB_OFFLINE", "download", "org/model",
            env=dict(os.environ, HF_HUB_OFFLINE="1"))
    refused("offline and not there", ["hlwq download org/other", "HF_HUB_OFFLINE"], "inspect",
            "hf:org/other", env=dict(os.environ, HF_HUB_OFFLINE="1"))


def what_is_run_must_be_here(folder):
    _, hub = serve(folder)
    for verb in ("bench", "generate", "chat", "tokenize", "verify"):
        refused(verb, ["hf:org/model", "hlwq download org/model"], verb, REFERENCE)
    check(not hub.requests, "asked the network")
    hub.close()


def a_conversion_reads_what_it_needs_and_stores_nothing(folder):
    source, hub = serve(folder, "--max-shard-size", "8MB")
    size = sum(len(data) for data, _, _ in hub.files.values())
    for verb, flags in (("quantize", ["--recipe", "uniform"]),
                        ("dequantize", ["--dtype", "f16"]),
                        ("export", ["--to", "compressed-tensors"])):
        hub.bytes_sent = 0
        succeed(verb, REFERENCE, folder / f"{verb}-far", *flags)
        succeed(verb, source, folder / f"{verb}-near", *flags)
        same(folder / f"{verb}-far", folder / f"{verb}-near", verb)
        check(0.99 * size < hub.bytes_sent < 1.3 * size, f"{verb}: {hub.bytes_sent} sent of {size}")
    check(not (folder / "hf").exists(), "something was stored")
    (source / "tokenizer.json").unlink()
    del hub.files["tokenizer.json"]
    succeed("export", REFERENCE, folder / "gguf-far", "--to", "gguf")
    succeed("export", source, folder / "gguf-near", "--to", "gguf")
    same(folder / "gguf-far", folder / "gguf-near", "gguf")
    far = folder / "gguf-far"
    hub.close()
    # A GGUF file of the Hub by its name.
    name = next(far.glob("*.gguf")).name
    hub = FakeHub(far)
    os.environ.update(hub.environment(folder / "hf"))
    succeed("import", f"{REFERENCE}/{name}", folder / "import-far")
    succeed("import", far / name, folder / "import-near")
    same(folder / "import-far", folder / "import-near", "import")
    hub.close()


def verbs_that_look_read_little(folder):
    source, hub = serve(folder)
    # The token may be in its file.
    (folder / "hf").mkdir()
    (folder / "hf" / "token").write_text(TOKEN + "\n")
    os.environ["HF_TOKEN"] = ""
    hub.wants_token = True
    far, near = (json.loads(succeed("inspect", path, "--json").stdout) for path in (REFERENCE, source))
    check(far["tensors"] == near["tensors"], "inspect: other tensors")
    far, near = (json.loads(succeed("plan", path, "--json").stdout) for path in (REFERENCE, source))
    check({**far, "source": ""} == {**near, "source": ""}, "plan: other plans")
    check(hub.bytes_sent < 1_500_000, f"{hub.bytes_sent} bytes for headers")
    succeed("compare", REFERENCE, source, "--min-snr", "1000")  # exit 0: all are equal
    hub.close()


def a_bad_network_changes_nothing(folder):
    source, hub = serve(folder, "--max-shard-size", "8MB")
    succeed("quantize", source, folder / "want")
    count = 0

    def fault(is_store, method, path):
        nonlocal count
        count += 1
        return {0: "drop", 3: (429, {"Retry-After": "0"}, b""), 5: "cut", 7: (502, {}, b"oops")}.get(
            count % 9)
    hub.fault = fault
    succeed("quantize", REFERENCE, folder / "far")
    same(folder / "far", folder / "want", "quantize")
    succeed("download", "org/model")
    same(snapshot(folder), source, "download")
    hub.close()


def kills_of_a_conversion_leave_nothing_wrong(folder):
    source, hub = serve(folder, "--max-shard-size", "8MB")
    hub.bytes_per_second = 100_000_000
    flags = ["--max-shard-size", "4MB", "--recipe", "uniform"]
    got = kill_and_resume.rounds("quantize", REFERENCE, folder, flags, 8)
    succeed("quantize", source, folder / "near", *flags)
    same(got, folder / "near", "quantize")
    # Begun from the Hub, it may be ended from a copy.
    dst = folder / "moved"
    while not kill_and_resume.kill_once(["quantize", REFERENCE, dst, *flags], dst, 0.3):
        if support.partial(dst).exists():
            break
    succeed("quantize", source, dst, *flags, "--resume")
    same(dst, folder / "near", "resumed from a copy")
    hub.close()


def kills_of_a_download_leave_nothing_wrong(folder):
    source, hub = serve(folder)
    hub.seconds_later = 5
    kills, delay = 0, 0.1
    blobs = snapshot(folder).parent.parent / "blobs"
    # Ever later, until a piece of the large file stays.
    while not any(path.stat().st_size > 4_000_000 for path in blobs.glob("*.incomplete")):
        delay *= 1.3
        process = subprocess.Popen([support.HLWQ, "download", "org/model", "--quiet"])
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            check(not snapshot(folder).exists(), "a half snapshot")
            continue
        check(False, "done before a piece of 4 MiB was there")
    hub.seconds_later = hub.bytes_sent = 0
    done = json.loads(succeed("download", "org/model", "--json").stdout)
    print(f"{kills} kills, {done['present_bytes']} of {done['bytes']} bytes were there")
    check(kills >= 1 and done["present_bytes"] > 4_000_000
          and done["received_bytes"] + done["present_bytes"] == done["bytes"], f"{done}")
    check(hub.bytes_sent <= done["received_bytes"] + 100_000, "what was there came again")
    same(snapshot(folder), source, "download")
    hub.close()


def bad_replies_end_in_one_line(folder):
    _, hub = serve(folder)
    listing = "/api/models/org/model/revision/main"

    def answering(match, *reply):
        def fault(is_store, method, path):
            return reply if match(is_store, method, path) else None
        return fault

    def sha(siblings):
        return json.dumps({"sha": COMMIT, "siblings": siblings}).encode()

    def is_listing(is_store, method, path):
        return path == listing

    def is_head(is_store, method, path):
        return method == "HEAD"

    for name, want, match, reply in (
            ("no JSON", "revision/main", is_listing, (200, {}, b"<html>")),
            ("no listing", "sha", is_listing, (200, {}, b"{}")),
            ("a path that leads out", "want relative paths", is_listing,
             (200, {}, sha([{"rfilename": "../../evil"}]))),
            ("an absolute path", "want relative paths", is_listing,
             (200, {}, sha([{"rfilename": "/tmp/evil"}]))),
            ("no files", "no file", is_listing, (200, {}, sha([]))),
            ("401", ["401", "HF_TOKEN"], is_listing, (401, {}, b"")),
            ("404", "404", is_listing, (404, {}, b"")),
            ("418", "418", is_listing, (418, {}, b"")),
            ("no ETag", "ETag", is_head, (200, {"Content-Length": "5"}, b"")),
            ("an ETag that leads out", "ETag", is_head, (200, {"ETag": '"../../x"'}, b"")),
            ("another commit", "want commit", is_head,
             (200, {"ETag": '"x"', "X-Repo-Commit": "f" * 40}, b"")),
            ("a huge file", "free bytes", is_head,
             (200, {"ETag": '"x"', "X-Linked-Size": "1000000000000000"}, b""))):
        hub.fault = answering(match, *reply)
        done = refused(name, want, "download", "org/model")
        check(TOKEN not in done.stderr and "signature" not in done.stderr, f"{name}: {done.stderr}")
        check(not snapshot(folder).exists(), f"{name}: a snapshot")
        shutil.rmtree(folder / "hf", ignore_errors=True)
        if name not in ("a huge file",):
            refused(name, want if name != "no files" else "no .safetensors", "quantize", REFERENCE,
                    folder / "dst", dst=folder / "dst")
    data, etag, is_large = hub.files["model.safetensors"]
    hub.fault = None
    hub.files["model.safetensors"] = (b"\1" + data[1:], etag, is_large)
    refused("wrong bytes", "SHA-256", "download", "org/model")
    check(not snapshot(folder).exists(), "wrong bytes: a snapshot")
    refused("a wrong name", "ORG/NAME", "download", "../x")
    refused("a wrong revision", "want a branch", "download", "org/model", "--revision", "../x")
    hub.close()
    refused("nobody there", "127.0.0.1", "download", "org/model")


def a_certificate_that_nobody_vouches_for_is_refused(folder):
    if shutil.which("openssl") is None:
        return "no openssl here to make a certificate"
    _, hub = serve(folder)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem",
                    "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    hub.api.socket = context.wrap_socket(hub.api.socket, server_side=True,
                                         do_handshake_on_connect=False)
    os.environ["HF_ENDPOINT"] = hub.url(hub.api).replace("http:", "https:")
    refused("self-signed", "certificate", "download", "org/model")
    refused("self-signed", "certificate", "quantize", REFERENCE, folder / "dst", dst=folder / "dst")
    check(not hub.requests, "asked nevertheless")
    hub.close()


if __name__ == "__main__":
    support.main([a_download_is_found_without_a_network, what_is_run_must_be_here,
                  verbs_that_look_read_little, a_conversion_reads_what_it_needs_and_stores_nothing,
                  a_bad_network_changes_nothing,
                  kills_of_a_conversion_leave_nothing_wrong,
                  kills_of_a_download_leave_nothing_wrong, bad_replies_end_in_one_line,
                  a_certificate_that_nobody_vouches_for_is_refused])
