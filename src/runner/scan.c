#include "scan.h"

#include <string.h>
#include <unistd.h>

size_t
text_number(char *out, uint64_t v, unsigned base)
{
	char digits[64];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = '\0';
	return n;
}

int
text_scan(const char **p, uint64_t *v)
{
	const char *s = *p;

	*v = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		*v = *v > UINT64_MAX / 10 ? UINT64_MAX :
		    *v * 10 + (uint64_t)(*s - '0');
	if (s == *p)
		return -1;
	*p = s;
	return 0;
}

char *
text_line(char **p)
{
	char *line = *p, *end;

	if (*line == '\0')
		return NULL;
	end = strchr(line, '\n');
	if (end != NULL)
		*end++ = '\0';
	else
		end = line + strlen(line);
	*p = end;
	return line;
}

char *
text_find(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; *text != '\0'; text++)
		if (strncmp(text, word, n) == 0)
			return (char *)text;
	return NULL;
}

uint64_t
text_number_behind(const char *text, const char *word)
{
	const char *p = text_find(text, word);
	uint64_t v = 0;

	if (p == NULL)
		return 0;
	p += strlen(word);
	while (*p == ' ' || *p == '\t')
		p++;
	(void)text_scan(&p, &v);
	return v;
}

int
text_key(const char *text, const char *key, uint64_t *v)
{
	size_t n = strlen(key);
	const char *p = text;

	while (p != NULL && *p != '\0') {
		if (strncmp(p, key, n) == 0 && p[n] == ' ') {
			p += n + 1;
			return text_scan(&p, v);
		}
		p = strchr(p, '\n');
		if (p != NULL)
			p++;
	}
	return -1;
}

int
file_key(int fd, const char *key, uint64_t *v)
{
	char buf[4096];

	if (fd < 0 || file_text(fd, buf, sizeof(buf)) < 0)
		return -1;
	return text_key(buf, key, v);
}

ssize_t
file_text(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		n = pread(fd, buf + len, size - 1 - len, (off_t)len);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

int
file_number(int fd, uint64_t *v)
{
	char buf[256];
	const char *p = buf;

	if (fd < 0 || file_text(fd, buf, sizeof(buf)) <= 0)
		return -1;
	if (*p == 'm' || *p == '-')
		return 1;
	return text_scan(&p, v);
}

int
file_bytes(int fd, uint64_t *v)
{
	int known = file_number(fd, v);

	return known == 0 && *v >= UINT64_C(1) << 62 ? 1 : known;
}
