/*
 * One message of the Model Context Protocol over stdio: a line of JSON-RPC 2.0
 * (modelcontextprotocol.io/specification, revisions 2024-11-05 to 2026-07-28).
 * Two ways to speak it share one pipe:
 *
 *	legacy	begins with `initialize`, up to 2025-11-25; what was agreed
 *		there holds for the process
 *	modern	from 2026-07-28 on: each request names its version in
 *		params._meta, and each result its type
 */
#ifndef ADDESH_ADDE_MCP_MESSAGE_H
#define ADDESH_ADDE_MCP_MESSAGE_H

#include "base/json.h"
#include "base/strbuf.h"

enum mcp_era {
	MCP_UNSAID, /* the request names no version */
	MCP_LEGACY,
	MCP_MODERN,
};

enum mcp_kind {
	MCP_REQUEST,
	MCP_NOTIFICATION,
	MCP_ANSWER, /* to a request of ours; there are none */
	MCP_BATCH,  /* tree is a list of messages */
	MCP_WRONG,  /* to be answered with code, why and data */
};

/* Codes of JSON-RPC 2.0, section 5.1, and of the specification. */
enum {
	MCP_PARSE_ERROR = -32700,
	MCP_INVALID_REQUEST = -32600,
	MCP_NO_METHOD = -32601,
	MCP_INVALID_PARAMS = -32602,
	MCP_INTERNAL_ERROR = -32603,
	MCP_UNSUPPORTED_VERSION = -32022,
};

struct mcp_message {
	enum mcp_kind kind;
	enum mcp_era era;   /* as the request itself says */
	char *id;	    /* as JSON; NULL: none that could be read */
	const char *method; /* of requests and notifications */
	const json *params; /* an object, or NULL */
	char *token;	    /* params._meta.progressToken as JSON, or NULL */
	int code;
	char *why;
	json *data; /* or NULL */
	json *tree; /* owns method and params */
};

/* Reads the n bytes of a line without its end; never fails, see MCP_WRONG. */
void mcp_message_read(struct mcp_message *m, const char *line, size_t n);
/* The same with one that was parsed, of a batch: tree is taken. */
void mcp_message_take(struct mcp_message *m, json *tree);
void mcp_message_release(struct mcp_message *m);

/* The member of exactly this name, NULL if it is absent or j no object. */
const json *mcp_member(const json *j, const char *name);
/* A string or a whole number up to 2^53 as JSON text, the caller's; NULL if it
   is neither. */
char *mcp_id(const json *j);

/* The legacy version to be spoken with a client that proposes this one. */
const char *mcp_legacy_version(const char *proposed);
/* Are messages in a list taken?  One revision says so. */
bool mcp_has_batches(const char *version);
/* May an error stand without an id, as JSON-RPC has it?  Before 2025-11-25 it
   was no valid message, and there was nothing else to say. */
bool mcp_errors_without_id(const char *version);
/* All versions, the newest first; the caller's. */
json *mcp_versions(void);

/* A result to which the caller adds, with what each has in this era. */
json *mcp_result(enum mcp_era era);
/* "serverInfo" of `initialize`; the caller's. */
json *mcp_server_info(void);

/* Appends a line.  id NULL: that of a message that could not be read. */
void mcp_write_result(struct strbuf *out, const char *id, const json *result);
void mcp_write_error(struct strbuf *out, const char *id, int code,
    const char *why, const json *data);
void mcp_write_notification(struct strbuf *out, const char *method,
    const json *params);

#endif
