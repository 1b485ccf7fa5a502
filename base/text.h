/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Text that people read: UTF-8 (by utf8proc), and what of it may reach a terminal or a log.
 *
 * Names, addresses, file names and errors of others can hold characters that steer a terminal (U+0000-001F,
 * U+007F-009F), or that make a line read in another order than it stands (U+061C, U+200E, U+200F, U+202A-202E,
 * U+2066-2069) or end elsewhere (U+2028, U+2029). Programs show each of them as '?'. JSON keeps what it says, and gets
 * \uXXXX for them.
 */
#ifndef TURF_BASE_TEXT_H
#define TURF_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The character that begins at `text`, and how many bytes it takes; 0: none does, or the text ends here. Overlong forms,
 * surrogates and what is beyond U+10FFFF are no characters. */
size_t text_character(const char *text, uint32_t *character);

/* U+0000 to U+001F and U+007F to U+009F. */
bool text_is_control(uint32_t character);

/* As text_character, for what may be shown as it is; 0 for the others. */
size_t text_showable(const char *text);

/* Folds `text` for a search, so that "Skûlenboarch" is found as "skulenboarch" and "Œuvre" as "oeuvre": lower case, no
 * accents, ligatures and letters with strokes as the letters that a person types. False: it is not UTF-8, or it does not fit. */
bool text_fold(const char *text, char *folded, size_t size);

/* Puts '?' in the place of each character that may not be shown, and of each byte that belongs to none. */
void text_make_safe(char *text);

/* printf for people: as text_make_safe, but for line ends, which it keeps. */
void text_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprint(FILE *out, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Prints `text` as text_make_safe would make it, but no more than fits in `max_columns` of a terminal. Returns how many columns
 * that takes. `out` NULL: only measures. */
size_t text_print_columns(FILE *out, const char *text, size_t max_columns);

/* Reads decimal digits, and nothing else, of a number from `min` to `max`. False: `text` is anything else. */
bool text_number(const char *text, uint32_t min, uint32_t max, uint32_t *number);

/* Writes JSON, in which an encoder has escaped U+0000 to U+001F already. */
void text_print_json(FILE *out, const char *json);

#endif
