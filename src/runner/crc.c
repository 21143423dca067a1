/*
 * CRC-32C.  1 GB of a program's output passes through it on both sides, so it
 * uses the CPU's instruction (SSE4.2, ARMv8 CRC), and else eight tables at a
 * time ("slicing-by-8", Kounavis and Berry, 2005).
 */
#include "frame.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* 0x1edc6f41, bits reversed */

static uint32_t table[8][256];

static void
table_fill(void)
{
	uint32_t crc;

	for (int i = 0; i < 256; i++) {
		crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (int i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^
			    table[0][table[t - 1][i] & 0xff];
}

static uint32_t
step_byte(uint32_t crc, uint8_t b)
{
	return crc >> 8 ^ table[0][(crc ^ b) & 0xff];
}

static uint32_t
crc_tables(uint32_t crc, const uint8_t *p, size_t n)
{
	if (table[0][1] == 0)
		table_fill();
	for (; n >= 8; n -= 8, p += 8) {
		crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^
		    table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^
		    table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		    table[0][p[7]];
	}
	while (n-- > 0)
		crc = step_byte(crc, *p++);
	return crc;
}

#if defined(__x86_64__)

static int
cpu_has_crc(void)
{
	unsigned a, b, c, d;

	/* __builtin_cpu_supports() brings the names of all processors. */
	return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2"))) static uint32_t
crc_cpu(uint32_t crc, const uint8_t *p, size_t n)
{
	unsigned long long c = crc, word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		c = __builtin_ia32_crc32di(c, word);
	}
	crc = (uint32_t)c;
	while (n-- > 0)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}

#elif defined(__aarch64__) && defined(__AARCH64EL__)

#define HWCAP_CRC32_BIT (1UL << 7) /* asm/hwcap.h of arm64 */

static int
cpu_has_crc(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32_BIT) != 0;
}

static uint32_t
crc_cpu(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		__asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1"
			: "+r"(crc) : "r"(word));
	}
	for (; n > 0; n--, p++)
		__asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1"
			: "+r"(crc) : "r"((uint32_t)*p));
	return crc;
}

#else

static int
cpu_has_crc(void)
{
	return 0;
}

static uint32_t
crc_cpu(uint32_t crc, const uint8_t *p, size_t n)
{
	return crc_tables(crc, p, n);
}

#endif

uint32_t
frame_crc(uint32_t crc, const void *data, size_t n)
{
	static int has_crc = -1;

	if (has_crc < 0)
		has_crc = cpu_has_crc();
	if (has_crc)
		return ~crc_cpu(~crc, data, n);
	return ~crc_tables(~crc, data, n);
}

uint32_t
frame_crc_portable(uint32_t crc, const void *data, size_t n)
{
	return ~crc_tables(~crc, data, n);
}
