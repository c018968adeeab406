#!/usr/bin/env python3
"""The runbook of docs/backup.md against the built binary: dumps of a serving folder, restores, damage.

Usage: dump_cli_test.py TENANTRY
"""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

TENANTRY = sys.argv[1]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def admin(*arguments, code=0):
    """Runs a command and checks its exit code; stdout and stderr as text."""
    done = subprocess.run([TENANTRY, "admin", *arguments], capture_output=True, check=False, timeout=120)
    out = done.stdout.decode(errors="replace")
    err = done.stderr.decode(errors="replace")
    check(done.returncode == code,
          f"admin {' '.join(arguments)}: exit {done.returncode}, not {code}\n{out[:2000]}\n{err[:2000]}")
    return out, err


class Server:
    def __init__(self, data, *options):
        self.process = subprocess.Popen(
            [TENANTRY, "serve", "--data", data, "--listen", "127.0.0.1:0", "--shop-auth", "open",
             "--rate-limit-exempt", "127.0.0.0/8", "--log-level", "off", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.credentials = ""
        for line in self.process.stdout:
            if line.startswith("tenantry: listening on "):
                self.url = line.split()[-1]
                return
            self.credentials += line
        raise AssertionError("the server did not start")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(timeout=60) == 0, "the server did not stop well")


def popup_ids(server, shop):
    popups = server.get(f"/popups/active?shopId={shop}")
    rows = popups["data"] if isinstance(popups, dict) else popups
    return sorted(popup["id"] for popup in rows)


def post_status(server, path, body):
    try:
        server.post(path, body)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def status(server, path):
    try:
        with urllib.request.urlopen(server.url + path, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


DEMO_LOGIN = r"demo: gym member (\S+) password (\S+)"


def login_gym(server):
    """The gym that a login without a tenantId picks for a demo member."""
    email, password = re.search(DEMO_LOGIN, server.credentials).groups()
    answer = server.post("/auth/login", {"email": email, "password": password})
    return answer["member"]["tenantId"]


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def serving(server, data, folder):
    """Everything an operator does while the server serves."""
    ids = popup_ids(server, "demo-shop")
    check(ids, "the demo shop has popups")
    stop = threading.Event()
    views = []

    def load():
        while not stop.is_set():
            try:
                server.post("/analytics/views", {"popupId": ids[0], "visitorId": f"v{len(views)}"})
                views.append(1)
            except urllib.error.HTTPError as error:
                # Under way at the very moment the tenant was switched over.
                check(error.code == 404, error)

    loader = threading.Thread(target=load)
    loader.start()
    try:
        whole = f"{folder}/whole.tnt"
        out, _ = admin("dump", "--data", data, "-o", whole)
        position = json.loads(out)["position"]
        check(stat.S_IMODE(os.stat(whole).st_mode) == 0o600, "a dump is for its owner alone")
        admin("dump", "--data", data, "-o", whole, code=1)
        out, _ = admin("verify", whole)
        check(f"at position {position}" in out, out)
        changes = f"{folder}/changes.tnt"
        admin("dump", "--data", data, "--since", position, "-o", changes)
        shop = f"{folder}/shop.tnt"
        admin("dump", "--data", data, "--tenant", "demo-shop", "-o", shop)
        admin("dump", "--data", data, "--tenant", "nobody", "-o", f"{folder}/nobody.tnt", code=4)
        check(not os.path.exists(f"{folder}/nobody.tnt"), "a failed dump leaves a file")

        admin("restore", shop, "--data", data, "--as", "copy-shop", "--quiet")
        copied = popup_ids(server, "copy-shop")
        check(len(copied) == len(ids) and not set(copied) & set(ids), f"{ids} {copied}")
        server.post("/analytics/views", {"popupId": copied[0], "visitorId": "v"})
        admin("restore", shop, "--data", data, code=1)
        admin("restore", shop, "--data", data, "--replace")
        check(popup_ids(server, "demo-shop") == ids, "a tenant restored over itself keeps its ids")
        undo = ("restore", "--undo", "--tenant", "demo-shop", "--data", data)
        for state in ("as it was before its last restore", "as its last restore made it",
                      "as it was before its last restore"):
            out, _ = admin(*undo)
            check(f"tenant demo-shop is {state}" in out and "the same command swaps back" in out, out)
            check(popup_ids(server, "demo-shop") == ids, "undone")
        admin("restore", whole, "--data", data, code=1)
        gym = re.search(r"demo: gym tenant (\S+)", server.credentials).group(1)
        admin("dump", "--data", data, "--tenant", gym, "-o", f"{folder}/gym.tnt")
        admin("restore", f"{folder}/gym.tnt", "--data", data, "--as", "Second Gym")
        admin("restore", f"{folder}/gym.tnt", "--data", data, "--as", "Second Gym", code=1)
        check(login_gym(server) == gym, "a login goes to a copy that nobody has used")
        out, _ = admin("tenant", "list", "--data", data)
        check("Second Gym" in out and "copy-shop" in out, out)
        admin("tenant", "suspend", "--data", data, "--id", "copy-shop")
        check(status(server, "/popups/active?shopId=copy-shop") == 403, "suspended")
        login = {"email": "owner@lapsed.example", "password": "correct horse"}
        lapsed = server.post("/auth/signup", {**login, "name": "Lea", "tenantName": "Lapsed Gym"})["tenant"]["id"]
        admin("tenant", "suspend", "--data", data, "--id", lapsed)
        for more in ({}, {"tenantId": lapsed}):
            check(post_status(server, "/auth/login", {**login, **more}) == 403, "who knows the password is told")
            wrong = {**login, **more, "password": "wrong horse"}
            check(post_status(server, "/auth/login", wrong) == 401, "who does not is not")
        admin("tenant", "resume", "--data", data, "--id", lapsed)
        check(post_status(server, "/auth/login", login) == 200, "a resumed gym's people sign in")
        admin("tenant", "delete", "--data", data, "--id", lapsed)
        admin("tenant", "resume", "--data", data, "--id", "copy-shop")
        check(popup_ids(server, "copy-shop") == copied, "resumed")
        out, _ = admin("status", "--data", data, "--json")
        facts = json.loads(out)
        check(facts["server"] == "running" and facts["gyms"] == 2 and facts["shops"] == 2, out)
        admin("tenant", "delete", "--data", data, "--id", "copy-shop")
        out, _ = admin("verify", "--data", data)
        check("sound at position" in out, out)
    finally:
        stop.set()
        loader.join()
    check(len(views) > 10, "views were counted meanwhile")
    text, _ = admin("dump", "--data", data, "--format", "jsonl", "-o", "-", "--quiet")
    lines = [json.loads(line) for line in text.splitlines()]
    check({"popups", "gymMembers"} <= {line.get("collection") for line in lines}, "records of both")
    for secret in ("argon2", "clusterSecrets", "passwordHash", "tokenHash"):
        check(secret not in text, f"{secret} is in the jsonl")


def stopped(data, folder):
    """The same folder without a server, and what comes out of its dump."""
    whole = f"{folder}/last.tnt"
    admin("dump", "--data", data, "-o", whole)
    out, _ = admin("diff", whole, data)
    check(out.startswith("no difference"), out)
    restored = f"{folder}/restored"
    admin("restore", whole, "--data", restored)
    admin("diff", whole, restored)
    admin("verify", "--data", restored)
    admin("diff", f"{folder}/whole.tnt", restored, code=1)
    admin("diff", f"{folder}/whole.tnt", data, "--tenant", "nobody", code=4)
    # Increments after the dump they follow.
    later = f"{folder}/later"
    admin("restore", f"{folder}/whole.tnt", f"{folder}/changes.tnt", "--data", later)
    # Over data that is there, and back.
    admin("restore", whole, "--data", later, code=1)
    admin("restore", whole, "--data", later, "--replace")
    admin("diff", whole, later)
    out, _ = admin("restore", "--undo", "--data", later)
    kept = re.search(r"has what was kept as (\S+); what it had is kept as (\S+), .*swaps them back", out)
    check(kept and not os.path.exists(kept.group(1)) and os.path.exists(kept.group(2)), out)
    again, _ = admin("restore", "--undo", "--data", later)
    check(f"has what was kept as {kept.group(2)};" in again, again)
    admin("diff", whole, later)
    admin("restore", "--undo", "--data", later)
    out, _ = admin("digest", "--data", later)
    check(out.startswith("position"), out)
    os.mkdir(f"{folder}/files")
    with open(f"{folder}/files/note", "w", encoding="utf-8") as note:
        note.write("mine")
    admin("restore", whole, "--data", f"{folder}/files", code=2)
    # Through pipes.
    piped = subprocess.run(
        f"{TENANTRY} admin dump --data {data} -o - --quiet | {TENANTRY} admin verify -",
        shell=True, capture_output=True, check=False, cwd=folder)
    check(piped.returncode == 0 and b"whole" in piped.stdout, piped)
    return whole


def without_directory(whole, folder):
    """Rows are restored for somebody or not at all."""
    broken, saved, look = f"{folder}/broken.tnt", f"{folder}/headless.tnt", f"{folder}/headless"
    shutil.copy(whole, broken)
    with open(broken, "rb") as file:
        flip(broken, file.read().index(b"TNTB") + 120)
    _, err = admin("salvage", broken, "-o", saved)
    check("lost: tenant demo-shop (space " in err and "the directory" in err, err)
    _, err = admin("restore", saved, "--data", look, "--partial", "--quiet", code=5)
    check("left out: tenant demo-shop (space " in err and "another dump" in err, err)
    check(not os.path.exists(look), "a refused restore leaves a folder")
    admin("restore", saved, "--data", look, "--partial", "--tenant", "demo-shop", code=5)


def damaged(whole, data, folder):
    size = os.path.getsize(whole)
    flip(whole, size // 2)
    out, _ = admin("verify", whole, code=5)
    check(re.search(r"block \d+ at offset \d+ \(space \d+, tenant \S+, ", out), out)
    admin("restore", whole, "--data", f"{folder}/never", code=5)
    check(not os.path.exists(f"{folder}/never"), "a refused restore leaves a folder")
    saved = f"{folder}/saved.tnt"
    _, err = admin("salvage", whole, "-o", saved)
    check("lost: block" in err, err)
    admin("verify", saved)
    admin("restore", saved, "--data", f"{folder}/look", code=2)
    admin("restore", saved, "--data", f"{folder}/look", "--partial")
    out, _ = admin("diff", saved, data, code=1)
    check("+ " in out and "- " not in out, out)
    os.truncate(whole, size - 1)
    admin("verify", whole, code=5)
    segments = sorted(name for name in os.listdir(f"{data}/log") if name.endswith(".seg"))
    flip(f"{data}/log/{segments[0]}", 5000)
    out, _ = admin("verify", "--data", data, code=5)
    check(segments[0] in out and "offset" in out, out)
    admin("verify", f"{data}/log/{segments[0]}", code=5)
    admin("dump", "--data", f"{folder}/nowhere", "-o", f"{folder}/x.tnt", code=4)


def main():
    with tempfile.TemporaryDirectory(prefix="tenantry-dump-") as folder:
        data = f"{folder}/data"
        server = Server(data, "--demo")
        try:
            serving(server, data, folder)
        except BaseException:
            server.process.kill()
            raise
        server.stop()
        whole = stopped(data, folder)
        without_directory(whole, folder)
        damaged(whole, data, folder)
    print("ok")


main()
