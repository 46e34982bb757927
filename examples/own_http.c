/*
 * Your own HTTP in place of the library's, here a minimal one over POSIX sockets. It is what a build without network
 * code (FEATURES=) needs, for the requests to the API and for those to the authorization server.
 *     ./own_http CONFIG lights
 */
#define _POSIX_C_SOURCE 200809L
#include <bearer.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Bytes that grow. */
struct text {
    char *bytes;
    size_t len, capacity;
};

static bool append(struct text *text, const void *bytes, size_t len)
{
    if (text->capacity - text->len <= len) {
        size_t capacity = 2 * text->capacity + len + 1024;
        char *larger = realloc(text->bytes, capacity);
        if (larger == NULL)
            return false;
        text->bytes = larger;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
    return true;
}

static bool append_all(struct text *text, const char *first, ...)
{
    va_list parts;
    bool ok = true;
    va_start(parts, first);
    for (const char *part = first; part != NULL && ok; part = va_arg(parts, const char *))
        ok = append(text, part, strlen(part));
    va_end(parts);
    return ok;
}

/* The request as it goes over the wire. HTTP/1.0: the answer then ends where the connection does. */
static bool write_request(const bearer_request *request, const char *authority, const char *target,
                          struct text *out)
{
    struct text body = {NULL, 0, 0};
    char piece[4096], length[32];
    const char *name, *value;
    size_t n = 0;
    bool ok = true;
    do {
        ok = bearer_request_body_read(request, piece, sizeof piece, &n, NULL) == BEARER_OK
             && append(&body, piece, n);
    } while (ok && n > 0);
    snprintf(length, sizeof length, "%zu", body.len);
    ok = ok && append_all(out, bearer_request_method(request), " ", target, " HTTP/1.0\r\nhost: ", authority,
                          "\r\ncontent-length: ", length, "\r\n", (char *)NULL);
    for (size_t i = 0; ok && bearer_request_header_at(request, i, &name, &value); i++)
        ok = append_all(out, name, ": ", value, "\r\n", (char *)NULL);
    ok = ok && append(out, "\r\n", 2) && append(out, body.bytes, body.len);
    free(body.bytes);
    return ok;
}

static int connect_to(const char *host, const char *port, uint64_t timeout_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct timeval timeout = {.tv_sec = (time_t)(timeout_ms / 1000), .tv_usec = (timeout_ms % 1000) * 1000};
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Sends all of it and reads until the server closes. */
static bool exchange(int fd, const struct text *out, struct text *in)
{
    char piece[4096];
    ssize_t n;
    for (size_t done = 0; done < out->len; done += (size_t)n) {
        n = send(fd, out->bytes + done, out->len - done, MSG_NOSIGNAL);
        if (n < 0)
            return false;
    }
    while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
        if (!append(in, piece, (size_t)n))
            return false;
    return n == 0;
}

/* Hands the answer over: status line, header lines, body. */
static bearer_status read_answer(struct text *in, bearer_reply *reply)
{
    unsigned status = 0;
    char *end = in->len > 0 ? strstr(in->bytes, "\r\n\r\n") : NULL;
    if (end == NULL || sscanf(in->bytes, "HTTP/1.%*1[01] %3u", &status) != 1)
        return bearer_reply_error(reply, BEARER_UNAVAILABLE, "the answer is not HTTP");
    char *body = end + 4;
    size_t body_len = in->len - (size_t)(body - in->bytes);
    *end = '\0';
    char *line = strstr(in->bytes, "\r\n");
    while (line != NULL) {
        line += 2;
        char *next = strstr(line, "\r\n"), *colon = strchr(line, ':');
        if (next != NULL)
            *next = '\0';
        if (colon != NULL) {
            *colon++ = '\0';
            colon += strspn(colon, " \t");
            if (strcasecmp(line, "content-length") == 0 && strtoull(colon, NULL, 10) != body_len)
                return bearer_reply_error(reply, BEARER_UNAVAILABLE, "the answer was cut off");
            bearer_reply_header(reply, line, colon);
        }
        line = next;
    }
    return bearer_reply_http(reply, (uint16_t)status, body, body_len);
}

/* on_http: one exchange. */
static bearer_status http(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    const char *url = bearer_request_url(request);
    struct text out = {NULL, 0, 0}, in = {NULL, 0, 0};
    char authority[300], host[256], port[6] = "80";
    bearer_status status;
    (void)user_data;
    if (sscanf(url, "http://%299[^/]", authority) != 1 || sscanf(authority, "%255[^:]:%5[0-9]", host, port) < 1)
        return bearer_reply_error(reply, BEARER_HOOK_FAILED, "this example speaks plain http only");
    const char *target = strchr(url + strlen("http://"), '/');
    printf("%s %s\n", bearer_request_method(request), target);

    int fd = connect_to(host, port, bearer_request_timeout_ms(request));
    if (fd < 0)
        return bearer_reply_error(reply, BEARER_UNAVAILABLE, "no connection could be made");
    if (!write_request(request, authority, target, &out))
        status = bearer_reply_error(reply, BEARER_HOOK_FAILED, "the request could not be read");
    else if (!exchange(fd, &out, &in))
        status = bearer_reply_error(reply, BEARER_UNAVAILABLE, strerror(errno));
    else
        status = read_answer(&in, reply);
    close(fd);
    free(out.bytes);
    free(in.bytes);
    return status;
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    if (argc != 3)
        return 2;

    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_on_http(client, http, NULL, NULL, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        printf("HTTP status %d\n", bearer_response_status(response));
    else
        fprintf(stderr, "%s\n", bearer_error_json(error));

    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    return status != BEARER_OK;
}
