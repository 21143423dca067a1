/* sandbox: who owns what, locks, and where files of ours are. */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "sandbox/runtime.h"
#include "tap.h"

static struct runtime rt;

/* One of 43 without a rule would be a number. */
static void
test_ids(void)
{
	int wrong = 0;

	for (int i = 0; i < 2000; i++) {
		autofree char *id = runtime_new_id();

		wrong += strspn(id, "0123456789abcdef") != 16 || id[16] ||
			 strspn(id, "0123456789") >= 8 ||
			 strspn(id, "abcdef") >= 8;
	}
	is_int(wrong, 0, "what is shown of an id is no number and no word");
}

/* The owner of this process with its last field, or its host, changed. */
static void
test_owner(void)
{
	autofree char *reused = xasprintf("%s9", rt.owner);
	autofree char *elsewhere = xasprintf("f%s", rt.owner);
	autofree char *longer = xasprintf("%s:x", rt.owner);
	autofree char *booted = xstrdup(rt.owner);
	pid_t pid = fork();
	autofree char *gone = NULL;

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	is_int(owner_state(rt.owner), OWNER_ALIVE, "this process lives");
	is_int(owner_state(reused), OWNER_DEAD, "its pid, started later");
	is_int(owner_state(elsewhere), OWNER_ELSEWHERE, "another host's");
	is_int(owner_state(""), OWNER_ELSEWHERE, "nobody's");
	is_int(owner_state(longer), OWNER_ELSEWHERE, "no owner at all");
	gone = xstrdup(rt.owner);
	*strrchr(gone, ':') = '\0';
	*(strrchr(gone, ':') + 1) = '\0';
	free(steal(&reused));
	reused = xasprintf("%s%d:1", gone, (int)pid);
	is_int(owner_state(reused), OWNER_DEAD, "a process that has ended");
	memset(strchr(booted, ':') + 1, 'f', 12);
	is_int(owner_state(booted), OWNER_DEAD, "before the host was booted");
}

/* As another user who may not see other users' processes: hidepid, proc(5). */
static int
owner_unseen(const char *owner)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", 0, "hidepid=2") ||
		    setresuid(65534, 65534, 65534))
			_exit(255);
		_exit(owner_state(owner));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void
test_hidden_owner(void)
{
	int state;

	if (geteuid()) {
		printf("ok %d - an owner that is hidden # SKIP needs root\n",
		    ++tap_count);
		return;
	}
	state = owner_unseen(rt.owner);
	if (state == 255)
		printf("ok %d - an owner that is hidden # SKIP no mounts\n",
		    ++tap_count);
	else
		is_int(state, OWNER_ALIVE, "an owner that is hidden lives");
}

static void
test_lock(void)
{
	autoerr struct err err = ERR_INIT;
	autofree char *path = xasprintf("%s/env/test", rt.runtime_dir);
	autobuf struct strbuf sb = STRBUF_INIT;
	autofree char *holder = xasprintf(
	    "the environment is in use by process %d", (int)getpid());
	int fd = runtime_lock(&rt, "test", 0, &err), again;

	ok(fd >= 0, "a lock is taken");
	runtime_lock_note(fd, "cgroup", "/x");
	ok(runtime_lock(&rt, "test", 20, &err) < 0, "once");
	is_int(err.kind, ERR_TIMEOUT, "after a time");
	is_str(err.msg.buf, holder, "by somebody with a name");
	ok(!io_read_file(path, &sb, 4096, &err) &&
		strstr(sb.buf, "\ncgroup /x\n"), "what must go is noted");
	runtime_unlock_remove(&rt, "test", fd);
	ok(access(path, F_OK), "its file goes with it");
	again = runtime_lock(&rt, "test", 0, &err);
	ok(again >= 0, "and it can be taken again");
	runtime_unlock_remove(&rt, "test", again);
}

static void
test_directories(const char *dir)
{
	autofree char *ours = io_join(dir, "addesh");
	autoerr struct err err = ERR_INIT;
	struct runtime other;
	struct stat st;

	ok(!stat(ours, &st) && (st.st_mode & 07777) == 0700, "made for us");
	chmod(ours, 0777);
	ok(runtime_init(&other, &err) && strstr(err.msg.buf, "of ours alone"),
	    "refused when others may write");
	chmod(ours, 0700);
}

static void
test_files(const char *dir)
{
	autofree char *runner = io_join(dir, "runner-s390x");
	autofree char *found = NULL;
	autoerr struct err err = ERR_INIT;

	setenv("ADDESH_LIBEXECDIR", dir, 1);
	unsetenv("ADDESH_RUNNER");
	ok(!runtime_runner_path("s390x", &err) &&
		strstr(err.msg.buf, "architecture s390x"),
	    "a runner that is missing");
	io_replace_file(runner, "x", 1, 0755, &err);
	found = runtime_runner_path("s390x", &err);
	is_str(found, runner, "one that is there");
	free(steal(&found));
	found = runtime_find_program("sh");
	ok(found && found[0] == '/', "a program of the host");
	ok(!runtime_find_program("addesh-no-such-program"), "and one of none");
}

int
main(void)
{
	char dir[] = "/tmp/addesh-test-runtime-XXXXXX";
	autoerr struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		return 1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	if (!ok(!runtime_init(&rt, &err), "init"))
		return 1;
	test_ids();
	test_owner();
	test_hidden_owner();
	test_lock();
	test_directories(dir);
	test_files(dir);
	runtime_release(&rt);
	io_remove_tree(dir, &err);
	return done();
}
