/* A question: a job that is one call of one method, to the active master or to a given server, whose
 * answer is decoded into the job's result. */
#ifndef STELE_CLIENT_QUESTION_H
#define STELE_CLIENT_QUESTION_H

#include "client/connection.h"
#include "client/job.h"

struct question;

/* Reads an answer into question->job.result, with memory from job_memory: the answer's bytes are
 * gone after it. What it returns it has put in question->job.error. */
typedef enum stele_status question_decode(struct question *question, struct span answer);

struct question {
    struct job job;
    const char *method;
    enum service service;  /* SERVICE_MASTER, SERVICE_STELE: the active master is asked */
    struct buffer request; /* the message; written before it is started */
    struct buffer subject; /* what the answer is about, for errors; else the server to ask */
    question_decode *decode;
    uint32_t field;      /* question_decode_number: which one tells */
    bool is_asked_again; /* SERVICE_STELE: it was hung up on, and then nobody was there */
};

/* Of the master. decode NULL: the answer tells nothing. NULL on no memory. */
struct question *question_new(
    struct stele_client *client, const char *method, question_decode *decode);
/* Of the AdminService of the server "host,port,startcode"; a bad name becomes the job's error. */
struct question *question_to_server(struct stele_client *client, struct stele_bytes server,
    const char *method, question_decode *decode);

/* The varint of question->field as job.result.number; 0 when it is not there. */
question_decode question_decode_number;

#endif
