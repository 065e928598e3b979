/* Runs files, or all files of directories, through a fuzz target: main for builds without
 * libFuzzer. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned inputs;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    /* A copy of exactly the input's size, so that a sanitizer sees a read past its end. */
    size_t size = 0;
    uint8_t *data = NULL;
    struct stat stat;
    if (fstat(fileno(file), &stat) == 0 && stat.st_size > 0) {
        data = malloc((size_t)stat.st_size);
        size = data ? fread(data, 1, (size_t)stat.st_size, file) : 0;
    }
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs++;
}

static void replay(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        replay_file(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        replay_file(child);
    }
    closedir(directory);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    fprintf(stderr, "%u inputs\n", inputs);
    return inputs ? 0 : 1; /* a corpus that went missing proves nothing */
}
