/*
 * System V IPC objects outlive their processes: what a run leaves of them would
 * take the memory of every later one.  They are found as ipcs(1) finds them,
 * by index, whatever their modes are, and removed under their owner's uid.
 */
#include "runner.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* Of linux/shm.h, msg.h and sem.h, since Linux 4.17. */
#define STAT_ANY_SHM 15
#define STAT_ANY_MSG 13
#define STAT_ANY_SEM 20

union semun { /* semctl(2) */
	int val;
	struct semid_ds *buf;
	struct seminfo *info;
};

/* The object of that index, if it is the uid's, or -1. */
static int
shm_of(int index, uid_t uid)
{
	struct shmid_ds ds;
	int id = shmctl(index, STAT_ANY_SHM, &ds);

	return id >= 0 && ds.shm_perm.uid == uid ? id : -1;
}

static int
msg_of(int index, uid_t uid)
{
	struct msqid_ds ds;
	int id = msgctl(index, STAT_ANY_MSG, &ds);

	return id >= 0 && ds.msg_perm.uid == uid ? id : -1;
}

static int
sem_of(int index, uid_t uid)
{
	struct semid_ds ds;
	union semun arg = {.buf = &ds};
	int id = semctl(index, 0, STAT_ANY_SEM, arg);

	return id >= 0 && ds.sem_perm.uid == uid ? id : -1;
}

static void
remove_objects(uid_t uid, int shm_last, int msg_last, int sem_last)
{
	int id;

	for (int i = 0; i <= shm_last; i++)
		if ((id = shm_of(i, uid)) >= 0)
			(void)shmctl(id, IPC_RMID, NULL);
	for (int i = 0; i <= msg_last; i++)
		if ((id = msg_of(i, uid)) >= 0)
			(void)msgctl(id, IPC_RMID, NULL);
	for (int i = 0; i <= sem_last; i++)
		if ((id = sem_of(i, uid)) >= 0)
			(void)semctl(id, 0, IPC_RMID);
}

void
ipc_clean(const struct config *c, uid_t uid)
{
	struct shm_info shm = {.used_ids = 0};
	struct msginfo msg = {.msgpool = 0};
	struct seminfo sem = {.semusz = 0};
	union semun arg = {.info = &sem};
	int shm_last = shmctl(0, SHM_INFO, (struct shmid_ds *)&shm);
	int msg_last = msgctl(0, MSG_INFO, (struct msqid_ds *)&msg);
	int sem_last = semctl(0, 0, SEM_INFO, arg);

	/* of *_INFO msgpool and semusz are how many objects there are */
	if (shm.used_ids == 0 && msg.msgpool == 0 && sem.semusz == 0)
		return;
	if (uid == c->self) {
		remove_objects(uid, shm_last, msg_last, sem_last);
	} else if (uid_assume(c, uid) == 0) {
		remove_objects(uid, shm_last, msg_last, sem_last);
		uid_resume(c);
	}
}
