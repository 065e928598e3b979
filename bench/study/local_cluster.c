#include "bench/study/local_cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/memory.h"

#define JARS         "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
#define START_MS     60000 /* of one process, on a machine that is busy with others */
#define PATH_SIZE    256
#define PROCESSES    (LOCAL_SERVERS_MOST + 2)
#define ARGUMENTS    16
#define SERVER_BYTES "--memory=128M"

struct process {
    char name[16];
    pid_t pid; /* 0 = none */
};

struct local_cluster {
    char directory[PATH_SIZE];
    char zookeeper[64];
    uint16_t port; /* ZooKeeper's */
    struct process processes[PROCESSES];
    size_t process_count;
};

static uint64_t now_ms(void)
{
    return env_monotonic_ns(env_real()) / 1000000;
}

/* ---- Processes ---- */

/* The end of what a process said. */
static enum status fail(
    const struct local_cluster *cluster, const char *name, const char *what, struct error *error)
{
    char path[PATH_SIZE + 32], text[600] = "";
    snprintf(path, sizeof path, "%s/%s.log", cluster->directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END), from = size > 500 ? size - 500 : 0;
        ssize_t got = pread(fd, text, 500, from);
        text[got > 0 ? got : 0] = '\0';
        close(fd);
    }
    return error_set(
        error, STATUS_IO, "%s %s; it said: %s", name, what, text[0] ? text : "nothing");
}

/* What stands between fork and exec: only what is safe there. */
static void become(
    const char *log, int out, pid_t parent, const char *program, char *const *arguments)
{
    int null = open("/dev/null", O_RDONLY), errors = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null < 0 || errors < 0 || getppid() != parent)
        _exit(126);
    dup2(null, STDIN_FILENO);
    dup2(out >= 0 ? out : errors, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execvp(program, arguments);
    _exit(127);
}

static enum status launch(struct local_cluster *cluster, const char *name, int out,
    const char *program, const char *const *arguments, struct error *error)
{
    char log[PATH_SIZE + 32];
    struct process *process = &cluster->processes[cluster->process_count];
    pid_t parent = getpid();
    snprintf(log, sizeof log, "%s/%s.log", cluster->directory, name);
    snprintf(process->name, sizeof process->name, "%s", name);
    fflush(NULL);
    process->pid = fork();
    if (process->pid < 0)
        return error_set_errno(error, errno, "start %s", name);
    if (process->pid == 0)
        become(log, out, parent, program, (char *const *)(uintptr_t)arguments);
    cluster->process_count++;
    return STATUS_OK;
}

static bool has_ended(struct process *process)
{
    if (process->pid && waitpid(process->pid, NULL, WNOHANG) != 0)
        process->pid = 0;
    return process->pid == 0;
}

/* ---- ZooKeeper ---- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* One that nobody listens on now. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof address) &&
                    !getsockname(fd, (struct sockaddr *)&address, &size);
    if (fd >= 0)
        close(fd);
    return is_bound ? ntohs(address.sin_port) : 0;
}

/* "ruok" is answered by "imok". */
static bool zookeeper_answers(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    struct timeval patience = {2, 0};
    char answer[4] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool is_ok = !connect(fd, (struct sockaddr *)&address, sizeof address) &&
                 write(fd, "ruok", 4) == 4 && read(fd, answer, 4) == 4 &&
                 memcmp(answer, "imok", 4) == 0;
    close(fd);
    return is_ok;
}

static enum status write_settings(
    const struct local_cluster *cluster, const char *path, struct error *error)
{
    char text[PATH_SIZE * 2];
    int size = snprintf(text, sizeof text,
        "tickTime=500\ndataDir=%s/zk\nclientPort=%u\nclientPortAddress=127.0.0.1\n"
        "admin.enableServer=false\nmaxClientCnxns=0\n4lw.commands.whitelist=ruok\n",
        cluster->directory, cluster->port);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, text, (size_t)size) == size;
    if (fd >= 0)
        close(fd);
    return is_written ? STATUS_OK : error_set_errno(error, errno, "write %s", path);
}

static enum status start_zookeeper(struct local_cluster *cluster, struct error *error)
{
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/zoo.cfg", cluster->directory);
    cluster->port = free_port();
    snprintf(cluster->zookeeper, sizeof cluster->zookeeper, "127.0.0.1:%u/hbase", cluster->port);
    /* what is kept there goes with the study: no syncs */
    const char *arguments[] = {"java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dzookeeper.forceSync=no", "-Djava.net.preferIPv4Stack=true", "-cp", JARS,
        "org.apache.zookeeper.server.ZooKeeperServerMain", path, NULL};
    enum status status = write_settings(cluster, path, error);
    if (!status)
        status = launch(cluster, "zookeeper", -1, "java", arguments, error);
    uint64_t until = now_ms() + START_MS;
    while (!status && !zookeeper_answers(cluster->port)) {
        if (has_ended(&cluster->processes[0]) || now_ms() > until)
            return fail(cluster, "zookeeper", "did not start", error);
        poll(NULL, 0, 50);
    }
    return status;
}

/* ---- Servers ---- */

/* Waits for the line that a process prints once it serves. */
static enum status await_ready(
    struct local_cluster *cluster, struct process *process, int fd, struct error *error)
{
    char text[512];
    size_t size = 0;
    uint64_t until = now_ms() + START_MS;
    while (now_ms() < until) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, 100) > 0) {
            ssize_t got = read(fd, text + size, sizeof text - 1 - size);
            if (got <= 0)
                break;
            size += (size_t)got;
            text[size] = '\0';
            if (strncmp(text, "ready ", 6) == 0 && strchr(text, '\n'))
                return STATUS_OK;
        } else if (has_ended(process)) {
            break;
        }
    }
    return fail(cluster, process->name, "did not start", error);
}

static enum status start_server(struct local_cluster *cluster, const char *name, const char *role,
    uint32_t capacity, int *out_fd, struct error *error)
{
    char program[PATH_SIZE], root[PATH_SIZE + 8], quorum[96], limit[48];
    int ends[2];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size < 0 || pipe2(ends, O_CLOEXEC))
        return error_set_errno(error, errno, "start %s", name);
    program[size] = '\0';
    snprintf(root, sizeof root, "%s/root", cluster->directory);
    snprintf(quorum, sizeof quorum, "--zookeeper=%s", cluster->zookeeper);
    snprintf(limit, sizeof limit, "--sim-capacity=%u", capacity);
    const char *arguments[ARGUMENTS] = {program, role, root, quorum, "--session-timeout=5s",
        "--listen=127.0.0.1:0", SERVER_BYTES, capacity ? limit : NULL};
    enum status status = launch(cluster, name, ends[1], program, arguments, error);
    close(ends[1]);
    if (status)
        close(ends[0]);
    else
        *out_fd = ends[0];
    return status;
}

/* All at once; then all are waited for. */
static enum status start_servers(
    struct local_cluster *cluster, size_t servers, uint32_t capacity, struct error *error)
{
    int fds[PROCESSES];
    size_t first = cluster->process_count, started = 0;
    enum status status = start_server(cluster, "master", "master", 0, &fds[0], error);
    started += !status;
    for (size_t i = 0; i < servers && !status; i++) {
        char name[16];
        snprintf(name, sizeof name, "server%zu", i + 1);
        status = start_server(cluster, name, "tabletserver", capacity, &fds[started], error);
        started += !status;
    }
    for (size_t i = 0; i < started; i++) {
        if (!status)
            status = await_ready(cluster, &cluster->processes[first + i], fds[i], error);
        close(fds[i]);
    }
    return status;
}

/* ---- The cluster ---- */

static bool is_on_path(const char *program)
{
    char path[PATH_SIZE], *rest = NULL;
    const char *list = getenv("PATH");
    char *copy = list ? strdup(list) : NULL;
    bool is_found = false;
    for (char *one = copy ? strtok_r(copy, ":", &rest) : NULL; one && !is_found;
         one = strtok_r(NULL, ":", &rest)) {
        snprintf(path, sizeof path, "%s/%s", one, program);
        is_found = access(path, X_OK) == 0;
    }
    free(copy);
    return is_found;
}

enum status local_cluster_start(
    size_t servers, uint32_t capacity, struct local_cluster **out_cluster, struct error *error)
{
    const char *place = getenv("TMPDIR");
    if (!is_on_path("java") || access("/usr/share/java/zookeeper.jar", R_OK) ||
        access("/usr/share/java/slf4j-simple.jar", R_OK))
        return error_set(error, STATUS_UNSUPPORTED,
            "a cluster needs ZooKeeper, which is not here (apt install libzookeeper-java "
            "libslf4j-java default-jre-headless)");
    struct local_cluster *cluster = memory_allocate_zeroed(1, sizeof *cluster);
    if (!cluster)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a cluster");
    snprintf(cluster->directory, sizeof cluster->directory, "%.200s/stele-study-XXXXXX",
        place && *place ? place : "/tmp");
    enum status status = mkdtemp(cluster->directory)
                             ? STATUS_OK
                             : error_set_errno(error, errno, "make %s", cluster->directory);
    if (!status)
        status = start_zookeeper(cluster, error);
    if (!status)
        status = start_servers(cluster, servers, capacity, error);
    if (status)
        local_cluster_stop(cluster);
    else
        *out_cluster = cluster;
    return status;
}

const char *local_cluster_zookeeper(const struct local_cluster *cluster)
{
    return cluster->zookeeper;
}

bool local_cluster_check(struct local_cluster *cluster, struct error *error)
{
    for (size_t i = 0; i < cluster->process_count; i++)
        if (has_ended(&cluster->processes[i])) {
            fail(cluster, cluster->processes[i].name, "is gone", error);
            return false;
        }
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    remove(path);
    return 0;
}

void local_cluster_stop(struct local_cluster *cluster)
{
    if (!cluster)
        return;
    for (size_t i = cluster->process_count; i-- > 0;) { /* nothing of it is to be kept */
        if (!cluster->processes[i].pid)
            continue;
        kill(cluster->processes[i].pid, SIGKILL);
        waitpid(cluster->processes[i].pid, NULL, 0);
    }
    nftw(cluster->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    memory_free(cluster);
}
