/* Shell::Native: what the Ruby commands call. Everything that touches the cluster or prints is
 * here.
 *
 * Values that cross: Ruby strings are bytes; schemas are nested arrays (ruby/schema.rb), loads and
 * regions are hashes with symbol keys. Failures are raised as Shell::Native::Error(class name,
 * message), ^C as Interrupt; what a function holds is freed before it raises. */
#ifndef STELE_SHELL_NATIVE_H
#define STELE_SHELL_NATIVE_H

#include <mruby.h>
#include <stele/stele.h>

#include "base/bytes.h"

struct session;

/* Defines the module and all its functions. */
void native_define(mrb_state *mrb, struct RClass *shell);
void native_define_admin(mrb_state *mrb, struct RClass *native);
void native_define_changes(mrb_state *mrb, struct RClass *native);
void native_define_cluster(mrb_state *mrb, struct RClass *native);
void native_define_heat(mrb_state *mrb, struct RClass *native);
void native_define_master(mrb_state *mrb, struct RClass *native);
void native_define_rows(mrb_state *mrb, struct RClass *native);
void native_define_ruby(mrb_state *mrb, struct RClass *native);
void native_define_scan(mrb_state *mrb, struct RClass *native);

/* printf to the shell's output. */
void native_say_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Raises what *error says. */
void native_raise(mrb_state *mrb, const struct stele_error *error) __attribute__((noreturn));
/* The client or the table; raise when there is none. */
struct stele_client *native_client(mrb_state *mrb);
struct stele_table *native_table(mrb_state *mrb, mrb_value name);

mrb_value native_string(mrb_state *mrb, struct stele_bytes bytes);
struct stele_bytes native_bytes(mrb_value string); /* of a String or nil (empty); borrowed */
/* hash[:key], or nil. */
mrb_value native_hash_get(mrb_state *mrb, mrb_value hash, const char *key);
void native_hash_set(mrb_state *mrb, mrb_value hash, const char *key, mrb_value value);
/* "host,port,startcode", or nil when the host is empty. */
mrb_value native_server_text(mrb_state *mrb, const struct stele_server *server);
struct arena;
/* An array of strings, borrowed; NULL, with *out_count 0, on no memory. */
struct stele_bytes *native_texts(struct arena *arena, mrb_value list, size_t *out_count);
/* [[key, value]...] of attributes, and back into `arena` (NULL, with *out_count 0, for an empty
 * list). */
mrb_value native_pairs(mrb_state *mrb, const struct stele_attribute *attributes, size_t count);
struct stele_attribute *native_attributes(struct arena *arena, mrb_value pairs, size_t *out_count);

#endif
