/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/record.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/lib/seam_impl.h"

enum { OBJECTS_MAX = 512, NAMES_MAX = 512 };

/* Which file an open descriptor means. A number that the file system gives again stands for the newer object. */
struct object {
	dev_t device;
	ino_t inode;
};

/* The names as they are now. */
struct name {
	unsigned object; /* 0: free */
	char path[PATH_MAX];
};

static struct {
	atomic_bool on;
	pthread_mutex_t lock;
	char root[PATH_MAX];
	struct record_entry *entries;
	size_t n, room;
	struct object objects[OBJECTS_MAX];
	unsigned n_objects;
	struct name names[NAMES_MAX];
	unsigned changes;
} recording = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- Names and objects ------------------------------------------------------------------------------ */

static bool below_root(const char *path)
{
	size_t length = strlen(recording.root);

	return strncmp(path, recording.root, length) == 0 && path[length] == '/';
}

static struct name *find_name(const char *path)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (recording.names[i].object != 0 && strcmp(recording.names[i].path, path) == 0)
			return &recording.names[i];
	return NULL;
}

static unsigned object_at(const char *path)
{
	const struct name *name = find_name(path);

	return name ? name->object : 0;
}

static void set_name(const char *path, unsigned object)
{
	struct name *name = find_name(path);

	for (size_t i = 0; !name && i < NAMES_MAX; i++)
		if (recording.names[i].object == 0)
			name = &recording.names[i];
	assert(name && strlen(path) < sizeof name->path);
	name->object = object;
	memcpy(name->path, path, strlen(path) + 1);
}

/* Not through the seam: what the recorder itself asks must not fail. */
static bool look_at(const char *path, struct stat *status)
{
	return fstatat(AT_FDCWD, path, status, 0) == 0;
}

static bool look_into(int fd, struct stat *status)
{
	return fstatat(fd, "", status, AT_EMPTY_PATH) == 0;
}

static unsigned new_object(const struct stat *status)
{
	assert(recording.n_objects + 1 < OBJECTS_MAX);
	recording.objects[++recording.n_objects] = (struct object){.device = status->st_dev, .inode = status->st_ino};
	return recording.n_objects;
}

/* 0: none of ours. */
static unsigned object_of(int fd)
{
	struct stat status;
	unsigned object = recording.n_objects;

	if (!look_into(fd, &status))
		return 0;
	while (object > 0 &&
	       (recording.objects[object].inode != status.st_ino || recording.objects[object].device != status.st_dev))
		object--;
	return object;
}

static unsigned parent_of(const char *path)
{
	char parent[PATH_MAX];
	size_t length = (size_t)(strrchr(path, '/') - path);

	memcpy(parent, path, length);
	parent[length] = '\0';
	return object_at(parent);
}

/* ---- Entries ------------------------------------------------------------------------------------------ */

static struct record_entry *append(enum record_kind kind, unsigned object)
{
	struct record_entry *entry;

	if (recording.n == recording.room) {
		recording.room = recording.room ? 2 * recording.room : 256;
		recording.entries = seam_take_memory(recording.entries, recording.room * sizeof *recording.entries);
	}
	entry = &recording.entries[recording.n++];
	*entry = (struct record_entry){.kind = kind, .object = object};
	return entry;
}

static void append_write(unsigned object, const void *bytes, size_t length, off_t offset, bool failed, bool durable)
{
	struct record_entry *entry = append(RECORD_WRITE, object);

	entry->bytes = seam_take_memory(NULL, length + 1);
	memcpy(entry->bytes, bytes, length);
	entry->length = length;
	entry->offset = offset;
	entry->failed = failed;
	entry->durable = durable && !failed;
}

static void append_name(const char *path, unsigned object, bool folder, unsigned change)
{
	struct record_entry *entry = append(RECORD_NAME, object);
	const char *name = strrchr(path, '/') + 1;

	assert(strlen(name) < sizeof entry->name);
	memcpy(entry->name, name, strlen(name) + 1);
	entry->parent = parent_of(path);
	entry->folder = folder;
	entry->change = change;
	set_name(path, object);
}

/* ---- Beginning and ending ------------------------------------------------------------------------------ */

static void record_content(unsigned object, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[65536];
	off_t offset = 0;
	ssize_t length;

	assert(fd >= 0);
	while ((length = read(fd, bytes, sizeof bytes)) > 0) {
		append_write(object, bytes, (size_t)length, offset, false, true);
		offset += length;
	}
	(void)close(fd);
}

static void record_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *found;
	char child[PATH_MAX];
	struct stat status;

	assert(folder);
	while ((found = readdir(folder))) {
		int used = snprintf(child, sizeof child, "%s/%s", path, found->d_name);

		assert(used > 0 && (size_t)used < sizeof child);
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 || !look_at(child, &status))
			continue;
		append_name(child, new_object(&status), S_ISDIR(status.st_mode), ++recording.changes);
		if (S_ISDIR(status.st_mode))
			record_folder(child);
		else
			record_content(recording.n_objects, child);
	}
	(void)closedir(folder);
	append(RECORD_SYNC, object_at(path));
}

void record_begin(const char *root)
{
	struct stat status;

	record_forget();
	assert(strlen(root) < sizeof recording.root);
	assert(look_at(root, &status));
	memcpy(recording.root, root, strlen(root) + 1);
	recording.n_objects = recording.changes = 0;
	memset(recording.names, 0, sizeof recording.names);
	set_name(root, new_object(&status));
	record_folder(root);
	recording.on = true;
}

void record_end(void)
{
	recording.on = false;
}

void record_forget(void)
{
	recording.on = false;
	for (size_t i = 0; i < recording.n; i++)
		seam_give_memory(recording.entries[i].bytes);
	seam_give_memory(recording.entries);
	recording.entries = NULL;
	recording.n = recording.room = 0;
}

size_t record_length(void)
{
	return recording.n;
}

const struct record_entry *record_entry(size_t i)
{
	assert(i < recording.n);
	return &recording.entries[i];
}

/* ---- What the seam tells -------------------------------------------------------------------------------- */

bool record_is_on(void)
{
	return recording.on;
}

static void lock(void)
{
	(void)pthread_mutex_lock(&recording.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&recording.lock);
}

void record_opened(const char *path, int fd, bool was_there)
{
	struct stat status;

	lock();
	if (recording.on && !was_there && below_root(path) && look_into(fd, &status))
		append_name(path, new_object(&status), false, ++recording.changes);
	unlock();
}

void record_wrote(int fd, const void *bytes, size_t length, off_t offset, bool failed)
{
	unsigned object;

	lock();
	object = recording.on ? object_of(fd) : 0;
	if (object != 0)
		append_write(object, bytes, length, offset, failed, (fcntl(fd, F_GETFL) & O_DSYNC) != 0);
	unlock();
}

void record_resized(int fd, off_t size)
{
	unsigned object;

	lock();
	object = recording.on ? object_of(fd) : 0;
	if (object != 0)
		append(RECORD_SIZE, object)->offset = size;
	unlock();
}

void record_synced(int fd, bool failed)
{
	unsigned object;

	lock();
	object = recording.on ? object_of(fd) : 0;
	if (object != 0)
		append(RECORD_SYNC, object)->failed = failed;
	unlock();
}

void record_synced_all(bool failed)
{
	lock();
	for (unsigned object = 1; recording.on && object <= recording.n_objects; object++)
		append(RECORD_SYNC, object)->failed = failed;
	unlock();
}

void record_made_folder(const char *path)
{
	struct stat status;

	lock();
	if (recording.on && below_root(path) && look_at(path, &status))
		append_name(path, new_object(&status), true, ++recording.changes);
	unlock();
}

void record_removed(const char *path)
{
	lock();
	if (recording.on && object_at(path) != 0)
		append_name(path, 0, false, ++recording.changes);
	unlock();
}

void record_renamed(const char *from, const char *to)
{
	unsigned object;

	lock();
	object = recording.on ? object_at(from) : 0;
	if (object != 0) {
		append_name(to, object, false, ++recording.changes);
		append_name(from, 0, false, recording.changes);
	}
	unlock();
}

void record_linked(const char *from, const char *to)
{
	unsigned object;

	lock();
	object = recording.on ? object_at(from) : 0;
	if (object != 0)
		append_name(to, object, false, ++recording.changes);
	unlock();
}
