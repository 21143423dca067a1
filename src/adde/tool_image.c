/* Images: pull_image, list_agent_images, prune_build_cache, delete_image. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adde/command.h"
#include "adde/wire.h"
#include "base/clock.h"

#define AGENT_PREFIX "agent-env:"
#define LOCALHOST "localhost/" /* before names without a registry, on Podman */

int
tool_pull_image(struct tool_call *c)
{
	autofree char *image = request_trimmed(c, "image");
	autovec struct strvec words = STRVEC_INIT;
	autojson json *result = NULL;

	if (!*image) {
		err_set(&c->err, ERR_USAGE, "image name is required");
		return response_ok(c, -1);
	}
	words_add(&words, "pull", "--", image, NULL);
	result = command_result(c, &words, NULL);
	return response_ok(c, result ? 0 : -1);
}

/* ---- list_agent_images ---- */

/* What the names are to begin with; the caller's. */
static char *
wanted_prefix(const struct tool_call *c)
{
	autofree char *filter = request_trimmed(c, "filter_tag");

	if (!*filter || !strcmp(filter, "agent-env"))
		return xstrdup(AGENT_PREFIX);
	return strchr(filter, ':') ? xstrdup(filter)
				   : xasprintf(AGENT_PREFIX "%s", filter);
}

/* As Go's time.RFC3339 writes it, in the zone of this process. */
static void
put_created(json *entry, const json *image)
{
	autobuf struct strbuf text = STRBUF_INIT;
	int64_t s;
	time_t t;
	struct tm tm;
	char when[32];
	long minutes;

	if (clock_parse_utc(json_str(image, "created", ""), &s))
		return;
	t = (time_t)s;
	if (!localtime_r(&t, &tm) ||
	    !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	minutes = labs(tm.tm_gmtoff) / 60;
	strbuf_adds(&text, when);
	if (minutes)
		strbuf_addf(&text, "%c%02ld:%02ld",
		    tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
	else
		strbuf_addc(&text, 'Z');
	json_put_str(entry, "created", text.buf);
}

static json *
find_entry(json *list, const char *id)
{
	json *entry;

	json_each (entry, list)
		if (!strcmp(json_str(entry, "id", ""), id))
			return entry;
	return NULL;
}

/* The command has a row for each name, ADDE an entry for each image. */
static void
add_row(json *list, const json *row, const char *prefix)
{
	const char *name = json_str(row, "image", "");
	const char *id = json_str(row, "id", "");
	json *entry;

	if (str_starts(name, LOCALHOST))
		name += strlen(LOCALHOST);
	if (!str_starts(name, AGENT_PREFIX) || !str_starts(name, prefix))
		return;
	entry = find_entry(list, id);
	if (!entry) {
		entry = json_object();
		json_put_str(entry, "id", id);
		json_put(entry, "tags", json_array());
		json_put(entry, "size_mb", megabytes(json_int(row, "size", 0)));
		put_created(entry, row);
		json_push(list, entry);
	}
	json_push_str(cJSON_GetObjectItem(entry, "tags"), name);
}

int
tool_list_agent_images(struct tool_call *c)
{
	autofree char *prefix = wanted_prefix(c);
	autovec struct strvec words = STRVEC_INIT;
	autojson json *result = NULL;
	json *list;
	const json *row;

	words_add(&words, "images", "-a", NULL);
	result = command_result(c, &words, NULL);
	if (!result)
		return -1;
	list = json_array();
	json_each (row, json_get(result, "images"))
		add_row(list, row, prefix);
	if (cJSON_GetArraySize(list))
		json_put(c->response, "images", list);
	else
		json_free(list);
	return 0;
}

/* ---- prune_build_cache, delete_image ---- */

int
tool_prune_build_cache(struct tool_call *c)
{
	int64_t hours = json_int(c->request, "older_than_hrs", 0);
	autovec struct strvec words = STRVEC_INIT;
	autojson json *result = NULL;
	int64_t bytes;

	words_add(&words, "prune", "--cache", NULL);
	strvec_pushf(&words, "--older-than=%lldh",
	    (long long)(hours > 0 ? hours : 0));
	result = command_result(c, &words, NULL);
	if (!result)
		return -1;
	bytes = json_int(result, "reclaimed", 0);
	if (bytes)
		json_put(c->response, "space_reclaimed_mb", megabytes(bytes));
	return 0;
}

static void
put_deleted(struct tool_call *c, const json *result)
{
	static const struct {
		const char *key, *word;
	} kinds[] = {{"untagged", "Untagged"}, {"deleted", "Deleted"}};
	json *list = json_array();
	const json *item;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		json_each (item, json_get(result, kinds[i].key)) {
			autofree char *text = xasprintf(
			    "%s: %s", kinds[i].word, item->valuestring);

			json_push_str(list, text);
		}
	if (cJSON_GetArraySize(list))
		json_put(c->response, "deleted", list);
	else
		json_free(list);
}

int
tool_delete_image(struct tool_call *c)
{
	autofree char *image = request_trimmed(c, "image");
	autovec struct strvec words = STRVEC_INIT;
	autojson json *result = NULL;
	int rc = 0;

	if (!*image)
		rc = err_set(&c->err, ERR_USAGE, "image is required");
	else if (json_bool(c->request, "agent_env_only", false) &&
		 !str_starts(image, AGENT_PREFIX))
		rc = err_set(&c->err, ERR_USAGE,
		    "%s does not begin with " AGENT_PREFIX, image);
	if (rc)
		return response_ok(c, rc);
	words_add(&words, "image", "rm", "--any", NULL);
	if (json_bool(c->request, "force", false))
		strvec_push(&words, "-f");
	words_add(&words, "--", image, NULL);
	result = command_result(c, &words, NULL);
	rc = response_ok(c, result ? 0 : -1);
	if (result)
		put_deleted(c, result);
	return rc;
}
