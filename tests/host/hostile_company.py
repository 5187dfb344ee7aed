#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other preloads, sanitizers, programs that we cannot enter, and trees of shells and interpreters: as without us.
usage: hostile_company.py BUILD_DIR
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from hosttest import Build, Place, run

build = Build(os.path.abspath(sys.argv[1]))
HZ = "997"
WORK = "int main(void){volatile unsigned long s=0;for(int i=0;i<80000000;i++)s+=i;return s==0?1:23;}"


def compare(what, command, needs_profile=None, preload=None, env_more=None, cwd=None):
    """Output and status with us are those without us; NEEDS_PROFILE is part of a profile's name."""
    more = env_more or {}
    others = [p for p in (preload or []) if p != "us"]
    with Place() as place:
        env = place.env(build, **{"NEUROPROF_HZ": HZ, **more})
        plain = {k: v for k, v in env.items() if not k.startswith("NEUROPROF_") and k != "LD_PRELOAD"}
        if others:
            plain["LD_PRELOAD"] = ":".join(others)
        env["LD_PRELOAD"] = ":".join(build.library if p == "us" else p for p in preload or ["us"])
        without, result = run(command, env=plain, cwd=cwd), run(command, env=env, cwd=cwd)
        assert (result.returncode, result.stdout) == (without.returncode, without.stdout), \
            f"{what}: {result}\nis not\n{without}"
        said = [line for line in result.stderr.decode(errors="replace").splitlines()
                if line not in without.stderr.decode(errors="replace").splitlines()]
        names = place.folded()
        assert needs_profile is None or any(needs_profile in name for name in names), f"{what}: {names}"
        print(f"{what}: status {result.returncode}, {len(names)} profiles, said {said}", flush=True)
        return said


def compiled(directory, name, *flags):
    source = os.path.join(directory, name + ".c")
    with open(source, "w", encoding="ascii") as file:
        file.write(WORK)
    path = os.path.join(directory, name)
    made = subprocess.run(["gcc", "-O1", *flags, "-o", path, source], capture_output=True, check=False)
    return path if made.returncode == 0 and subprocess.run([path], check=False).returncode == 23 else None


with tempfile.TemporaryDirectory(prefix="neuroprof-test-") as directory:
    os.chmod(directory, 0o755)
    shared = compiled(directory, "shared")
    for library in ("libtcmalloc.so.4", "libtcmalloc_and_profiler.so.4", "libjemalloc.so.2"):
        for path in glob.glob("/usr/lib/x86_64-linux-gnu/" + library):
            compare(f"us before {library}", [shared], "shared", ["us", path])
            compare(f"us after {library}", [shared], "shared", [path, "us"])
            profile = {"CPUPROFILE": os.path.join(directory, "other.prof")} if "profiler" in library else None
            if profile:
                compare(f"{library} profiling, too", [shared], "shared", ["us", path], profile)
                assert os.path.getsize(profile["CPUPROFILE"]) > 1000, "the other profiler got no ticks"
            if shutil.which("python3"):
                compare(f"python with {library}", [sys.executable, "-c", "print(sum(len(str(i)) for i in range(300000)))"],
                        "python", ["us", path])
    for unwinder in ("cfi", "fp", "libunwind"):
        compare(f"registers at 10 kHz, {unwinder}", [build.program("host_registers")], "host_registers", None,
                {"NEUROPROF_HZ": "10000", "NEUROPROF_MAX_OVERHEAD": "100", "NEUROPROF_UNWINDER": unwinder})
    asan = compiled(directory, "asan", "-fsanitize=address,undefined")
    if asan:
        compare("address sanitizer", [asan], "asan", None, {"ASAN_OPTIONS": "verify_asan_link_order=0"})
        runtime = run(["gcc", "-print-file-name=libasan.so"]).stdout.decode().strip()
        if os.path.exists(runtime):
            compare("address sanitizer first", [asan], "asan", [os.path.realpath(runtime), "us"])
    tsan = compiled(directory, "tsan", "-fsanitize=thread")
    if tsan:
        compare("thread sanitizer", [tsan], "tsan")
    static = compiled(directory, "static", "-static")
    if static:
        compare("a static program", [static])
        compare("a shell that runs it", ["sh", "-c", f"{static}; echo $?; {shared}; exit $?"], "shared")
        compare("exec of it", ["sh", "-c", f"exec {static}"])
    narrow = compiled(directory, "narrow", "-m32")
    if narrow:
        compare("a 32-bit program", ["sh", "-c", f"{narrow}; echo $?"])
    compare("env -i", ["env", "-i", shared])
    setuid = next((p for p in ("/usr/bin/passwd", "/usr/bin/chsh", "/bin/su") if os.path.exists(p)), None)
    if setuid:
        compare("a set-user-id program", ["sh", "-c", f"{setuid} --help >/dev/null 2>&1; echo $?"])
        if os.getuid() == 0 and shutil.which("setpriv"):
            compare("the same, not as root",
                    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "id -u; exec " + setuid + " --help"])

    script = ("for i in 1 2 3 4 5 6; do x=$(echo $i | sed 's/$/x/'); (exit $i); echo $x $?; done; kill -TERM $$")
    for shell in ("bash", "dash", "sh"):
        if shutil.which(shell):
            compare(shell, [shell, "-c", script])
    if shutil.which("make"):
        with open(os.path.join(directory, "Makefile"), "w", encoding="ascii") as file:
            file.write("all: a b c\n\t@cat a b c\na b c:\n\t@seq 1 2000 | tail -n 2 >$@\nbad:\n\t@exit 3\n")
        compare("make", ["make", "-s", "-j3"], cwd=directory)
        compare("make that fails", ["make", "-s", "bad"], cwd=directory)
    if shutil.which("git"):
        compare("git", ["sh", "-c", "git init -q x && cd x && git -c user.name=n -c user.email=e@x commit -q --allow-empty "
                        "-m m --date=2001-01-01T00:00:00Z && git log --format=%s && git fsck && cd .. && rm -rf x"], cwd=directory)
    if shutil.which("perl"):
        compare("perl", ["perl", "-e", "$|=1; for (1..5) { my $p = fork(); if (!$p) { exit $_ } waitpid($p,0); print $?>>8, qq(\\n) } "
                         "print `echo hello`; $SIG{ALRM}=sub{print qq(alarm\\n); exit 4}; alarm 1; select(undef,undef,undef,9) while 1"])
    compare("python subprocess", [sys.executable, "-c",
                                  "import subprocess,signal,os\n"
                                  "signal.signal(signal.SIGTERM, lambda *_: None)\n"
                                  "for i in range(20): print(subprocess.run(['sh','-c','exit %d' % i]).returncode)\n"
                                  "print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPROF))\n"
                                  "p=subprocess.Popen(['sleep','9']); p.terminate(); print(p.wait())\n"
                                  "with subprocess.Popen(['cat'],stdin=-1,stdout=-1) as c: print(c.communicate(b'x'*100000)[0][-3:])\n"
                                  "os.kill(os.getpid(), signal.SIGKILL)"])
    compare("python multiprocessing", [sys.executable, "-c",
                                       "import multiprocessing as m\n"
                                       "def f(x): return sum(range(x*1000))\n"
                                       "if __name__=='__main__':\n"
                                       "  with m.get_context('fork').Pool(4) as p: print(sum(p.map(f, range(200))))\n"])
