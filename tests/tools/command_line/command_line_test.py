#!/usr/bin/env python3
"""Goal: every command has help with an example, the example runs as it stands, and completion and manual page list it.

Method: walk the commands by their own help, and run each example in a folder with demo data, with the binary in PATH. An example
may end with 0 or with a code that the help names, such as 7 for a database that is not there; never with 2, which is wrong use.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

binary = os.path.abspath(sys.argv[1])
# They do not end by themselves, or need a second node; their tests are elsewhere.
NOT_RUN = {"serve", "admin promote", "admin handoff"}
failures = []


def expect(condition, what):
    if not condition:
        failures.append(what)


def run(arguments, folder, **more):
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **more)


def leaves(path, folder):
    """Paths of the commands that have none below them, with their help."""
    help_run = run([binary, *path, "--help"], folder)
    expect(help_run.returncode == 0, f"{path}: --help ends with {help_run.returncode}")
    section = re.search(r"^Subcommands:\n((?:  .*\n?)+)", help_run.stdout, re.M)
    if section is None:
        yield path, help_run.stdout
        return
    for name in re.findall(r"^  ([a-z][a-z-]*)", section.group(1), re.M):
        yield from leaves([*path, name], folder)


def start_demo(folder):
    server = subprocess.Popen([binary, "serve", "--demo", "--data", "data", "--listen", "127.0.0.1:0",
                               "--rate-limit-exempt", "127.0.0.0/8,::1/128"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "server.err"), "w"), text=True)
    for line in server.stdout:
        if line.startswith("tenantry: listening on "):
            return server, line.split()[-1]
    raise SystemExit("the server did not start: " + open(os.path.join(folder, "server.err")).read())


def stop(server):
    server.send_signal(signal.SIGTERM)
    expect(server.wait(60) == 0, "the server ends with " + str(server.returncode))


def check_example(path, text, folder, url):
    name = " ".join(path)
    example = re.search(r"^Examples?:\n  (.+)$", text, re.M)
    expect(example is not None, f"{name}: no example in its help")
    if example is None or name in NOT_RUN:
        return
    command = example.group(1).replace("http://127.0.0.1:7117", url)
    codes = re.search(r"^Exit codes:\n  (.+)$", text, re.M)
    allowed = {int(code) for code in re.findall(r"(?:^|, )(\d) ", codes.group(1) if codes else "")} | {0}
    allowed -= {1, 2}
    env = dict(os.environ, PATH=os.path.dirname(binary) + ":" + os.environ["PATH"], HOME=folder)
    ran = run(["sh", "-c", command], folder, env=env)
    expect(ran.returncode in allowed, f"`{command}` ends with {ran.returncode}: {ran.stdout}{ran.stderr}")
    expect("\x1b" not in ran.stdout, f"`{command}` writes control characters into a pipe")
    if ran.returncode == 0:
        return
    lines = [line for line in ran.stderr.splitlines() if line]
    expect(lines and all(line.startswith("tenantry") for line in lines), f"`{command}` does not say what is wrong: {ran.stderr}")


def complete(words, folder):
    script = (f"source <('{binary}' completion bash); COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _tenantry; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    ran = run(["bash", "-c", script], folder)
    expect(ran.returncode == 0, f"completion: {ran.stderr}")
    return ran.stdout.split()


def check_pages(paths, folder):
    man = run([binary, "man"], folder)
    expect(man.returncode == 0 and man.stdout.startswith(".TH TENANTRY 1"), "man: no page")
    for path in paths:
        name = "tenantry " + " ".join(path)
        expect(name.replace("-", "\\-") in man.stdout, f"man: {name} is missing")
        expect(path[-1] in complete(["tenantry", *path[:-1], path[-1][:1]], folder), f"completion: {name} is missing")
    expect("--data" in complete(["tenantry", "admin", "status", "--d"], folder), "completion: no options")
    if shutil.which("man"):
        page = os.path.join(folder, "tenantry.1")
        with open(page, "w") as file:
            file.write(man.stdout)
        warned = run(["man", "--warnings", "-l", page], folder, env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="100"))
        expect(warned.returncode == 0, f"man cannot read the page: {warned.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = list(leaves([], folder))
        expect(len(found) > 30, f"only {len(found)} commands were found")
        for name in ("members", "sessions", "bookings", "subscribers", "codes"):
            with open(os.path.join(folder, name + ".csv"), "w") as file:
                file.write("id\n")
        server, url = start_demo(folder)
        try:
            for path, text in found:
                if path and path[0] != "config":
                    check_example(path, text, folder, url)
        finally:
            stop(server)
        check_pages([path for path, _ in found], folder)
        for words in (["nothing"], ["admin", "nothing"], ["admin", "tenant", "nothing"]):
            wrong = run([binary, *words], folder)
            expect(wrong.returncode == 2, f"an unknown command ends with {wrong.returncode}, not 2")
            expect("no command 'nothing'" in wrong.stderr, f"an unknown command is not named: {wrong.stderr}")
    for failure in failures:
        print("FAIL", failure)
    print(f"{len(found)} commands, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
