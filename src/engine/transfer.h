/*
 * What http.c and attach.c share: the only two files that include curl, with
 * dial.c.  A transfer is one easy handle in a multi handle.
 */
#ifndef ADDESH_ENGINE_TRANSFER_H
#define ADDESH_ENGINE_TRANSFER_H

#include <curl/curl.h>

#include "engine/http.h"

struct dial;

/* What a login over ssh may take, as in docker/cli's connhelper. */
#define DIAL_SSH_MS 30000

struct http {
	struct endpoint ep;
	struct engine_settings settings;
	struct loop *loop;
	const unsigned *interrupts; /* may be NULL */
	unsigned deferred;   /* how many there had been, */
	bool defers;	     /* if the next is deferred */
	CURLM *multi;
	bool answered;	       /* ever */
	struct dial *dials;    /* ssh children that live */
	struct strbuf ssh_said; /* last words of one that died */
};

struct transfer {
	struct http *http;
	const struct http_request *rq;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	int64_t since; /* clock_ms() of the last byte in either direction */
	curl_off_t moved;
	bool sending;	/* the connection is there */
	bool answered;	/* something came */
	bool headed;	/* the head of the answer is complete */
	bool refused;	/* refusal holds all that is read of it */
	bool paused;	/* the source has nothing yet */
	bool done;
	CURLcode result;
	struct strbuf *body;   /* of a success; or NULL */
	struct strbuf refusal; /* of anything else */
	struct err failure;    /* of a callback */
	char text[CURL_ERROR_SIZE];
};

/* A handle for rq's path on the endpoint, not yet in a multi handle. */
void transfer_init(struct transfer *t, struct http *h, CURLM *multi,
    const struct http_request *rq);
/* Adds it to its multi handle and waits until it is done. */
int transfer_run(struct transfer *t, struct err *err);
/* Frees everything but multi and easy. */
void transfer_release(struct transfer *t);

/* -1 with ERR_INTERRUPTED once *h->interrupts differs from before. */
int http_check(struct http *h, unsigned before, const char *doing,
    struct err *err);
unsigned http_interrupts(const struct http *h);

/* How the endpoint is reached, for a handle: socket, TLS, ssh. */
void dial_set_up(struct http *h, CURL *easy, const char *path);
/* Sets the error for a transfer that failed, or ended within the head of its
   answer, which curl takes for success; returns -1. */
int dial_error(struct http *h, struct transfer *t, struct err *err);

#endif
