/* What the loops over whole arrays call: matrix products on tiles, and threads that meet.

   For numbers of type T (suffix S) there are kernels that multiply an (R, K) by a (K, V) piece,
   V counted in vectors, into a tile `t` whose rows are TILE_W numbers apart:

       t[i][j] = sum over k of a[i * ar + k * ak] * b[k * ldb + j]

   The accumulators are as many as the processor has registers for, and a vector is as long as one:
   longer ones, a compiler would take apart through the stack. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define LINE 64 /* bytes of a cache line */
#if defined(__AVX512F__) /* 32 registers of 64 bytes */
#define VECTOR 64
#define TILE_R 8
#define TILE_V 3
#elif defined(__AVX__) /* 16 of 32 bytes */
#define VECTOR 32
#define TILE_R 6
#define TILE_V 2
#elif defined(__ARM_NEON) /* 32 of 16 bytes */
#define VECTOR 16
#define TILE_R 8
#define TILE_V 2
#else /* 16 of 16 bytes, as SSE has */
#define VECTOR 16
#define TILE_R 6
#define TILE_V 2
#endif
#define LANES(T) ((long)(VECTOR / sizeof(T)))
#define TILE_W(T) (TILE_V * LANES(T))
#define LEAST(x, y) ((x) < (y) ? (x) : (y))

#define NISSL_KERNEL(T, S, R, V)                                                                   \
  static __attribute__((noinline)) void kernel_##S##_##R##_##V(                                    \
      const T *a, long ar, long ak, const T *b, long ldb, long K, T *t) {                          \
    vec_##S acc[R][V];                                                                             \
    _Pragma("GCC unroll 8") for (int i = 0; i < R; i++)                                            \
      _Pragma("GCC unroll 4") for (int j = 0; j < V; j++) acc[i][j] = (vec_##S){0};                \
    for (long k = 0; k < K; k++) {                                                                 \
      vec_##S row[V];                                                                              \
      _Pragma("GCC unroll 4") for (int j = 0; j < V; j++)                                          \
        row[j] = *(const vec_##S *)(b + k * ldb + j * LANES(T));                                   \
      _Pragma("GCC unroll 8") for (int i = 0; i < R; i++) {                                        \
        const T x = a[i * ar + k * ak];                                                            \
        _Pragma("GCC unroll 4") for (int j = 0; j < V; j++) acc[i][j] += x * row[j];               \
      }                                                                                            \
    }                                                                                              \
    _Pragma("GCC unroll 8") for (int i = 0; i < R; i++)                                            \
      _Pragma("GCC unroll 4") for (int j = 0; j < V; j++)                                          \
        *(vec_##S *)(t + i * TILE_W(T) + j * LANES(T)) = acc[i][j];                                \
  }

/* Kernels for tiles of R rows, and where they are found. */
#if TILE_V == 3
#define NISSL_ROWS(T, S, R) NISSL_KERNEL(T, S, R, 1) NISSL_KERNEL(T, S, R, 2) NISSL_KERNEL(T, S, R, 3)
#define NISSL_FOUND(S, R)                                                                          \
  [R - 1] = {kernel_##S##_##R##_1, kernel_##S##_##R##_2, kernel_##S##_##R##_3},
#else
#define NISSL_ROWS(T, S, R) NISSL_KERNEL(T, S, R, 1) NISSL_KERNEL(T, S, R, 2)
#define NISSL_FOUND(S, R) [R - 1] = {kernel_##S##_##R##_1, kernel_##S##_##R##_2},
#endif
#define NISSL_VECTOR(T, S)                                                                         \
  typedef T vec_##S __attribute__((vector_size(VECTOR), aligned(VECTOR), may_alias));                  \
  typedef void (*Kernel_##S)(const T *, long, long, const T *, long, long, T *);

/* A job: one thread goes through the steps, and the others take chunks of what it opens to them.
   It waits for chunks that were taken, never for a thread that the system has put aside. */
typedef struct Job Job;
typedef void (*Chunk)(Job *, long);
struct Job {
  char *memory;          /* weights, batch and intermediate values */
  void **data;           /* the whole data, as the caller keeps them */
  const int32_t *orders; /* rows in the order of their use, or null */
  void **reports;        /* for each report, one number an epoch; null: one call of steps */
  long start, stop, offset, count;
  long threads;
  const int32_t *order; /* of this epoch */
  long base;            /* first row of this batch */
  uint64_t opened;      /* how often chunks were opened */
  long alone;           /* for how many openings to come nobody is asked */
  long retreat, calm;   /* how many that were last, and openings since without a long wait */
  long retreats;        /* how often that was */
  _Alignas(LINE) _Atomic(Chunk) chunk;
  _Alignas(LINE) _Atomic uint64_t free; /* when opened: 32 bits; first and last free chunk + 1 */
  _Alignas(LINE) atomic_long done;
  _Alignas(LINE) atomic_int over;
};

#define PATIENCE 2000 /* turns of waiting, some tens of microseconds */
#define EAGER 100     /* turns of a helper without work, after which it lets others go first, ... */
#define IDLE 400      /* ... and after which it sleeps between looks */
#define LONG 3e-4     /* seconds of further waiting: somebody else has the helper's processor */
#define ALONE 256     /* openings that the first thread does by itself after a long wait, ... */
#define MOST_ALONE 65536 /* ... twice as many after each further one, up to this many */
#define CALM 2048     /* openings without a long wait, after which it begins anew */

static inline void breathe(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Take free chunks and do them: the first thread from the front, others from the back, so that a
   thread finds what it wrote before in its own cache. */
static void take_chunks(Job *job, uint64_t when, int from_front) {
  uint64_t seen = atomic_load_explicit(&job->free, memory_order_acquire);
  for (;;) {
    const uint64_t first = seen >> 16 & 0xffff, last = seen & 0xffff;
    if (seen >> 32 != (when & 0xffffffff) || first == last) return;
    const uint64_t left = from_front ? seen + (1 << 16) : seen - 1;
    const Chunk chunk = atomic_load_explicit(&job->chunk, memory_order_relaxed);
    if (!atomic_compare_exchange_weak_explicit(&job->free, &seen, left, memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    chunk(job, from_front ? first : last - 1);
    atomic_fetch_add_explicit(&job->done, 1, memory_order_release);
    seen = atomic_load_explicit(&job->free, memory_order_acquire);
  }
}

/* Do chunks 0 to `count` - 1, with whoever helps. A helper that was put aside in the middle of a
   chunk is waited for once; then, since somebody else wants the processor, it goes on alone for a
   while. */
static void together(Job *job, Chunk chunk, long count) {
  if (job->threads == 1 || job->alone) {
    if (job->alone) job->alone--;
    for (long c = 0; c < count; c++) chunk(job, c);
    return;
  }
  atomic_store_explicit(&job->done, 0, memory_order_relaxed);
  atomic_store_explicit(&job->chunk, chunk, memory_order_relaxed);
  const uint64_t when = ++job->opened;
  atomic_store_explicit(&job->free, when << 32 | (uint64_t)count, memory_order_release);
  take_chunks(job, when, 1);
  long n = 0;
  double since = 0;
  for (; atomic_load_explicit(&job->done, memory_order_acquire) < count; n++) {
    breathe();
    if (n == PATIENCE) since = now();
    if (n > PATIENCE) sched_yield();
  }
  if (n > PATIENCE && now() - since > LONG) {
    job->retreat = job->calm > CALM ? ALONE : LEAST(2 * job->retreat, MOST_ALONE);
    job->alone = job->retreat;
    job->retreats++;
    job->calm = 0;
  } else {
    job->calm++;
  }
}

/* Look for chunks. Where both threads share one processor, a helper that insists on looking keeps the
   first from opening any; so it soon lets others go first, and then sleeps. */
static void *help(void *given) {
  Job *job = given;
  for (long n = 0; !atomic_load_explicit(&job->over, memory_order_acquire); n++) {
    const uint64_t seen = atomic_load_explicit(&job->free, memory_order_acquire);
    if ((seen >> 16 & 0xffff) != (seen & 0xffff)) {
      take_chunks(job, seen >> 32, 0);
      n = 0;
    }
    breathe();
    if (n > IDLE) nanosleep(&(struct timespec){.tv_nsec = 20000}, 0);
    else if (n > EAGER) sched_yield();
  }
  return 0;
}

static atomic_long last_retreat; /* of the job before, since the machine is as busy as it was */

/* Do a job on as many threads as can be had. */
static void do_job(Job *job, void (*work)(Job *), long threads) {
  pthread_t others[64];
  long made = 0;
  while (made < LEAST(threads - 1, 64) && !pthread_create(&others[made], 0, help, job)) made++;
  job->threads = made + 1;
  job->alone = atomic_load_explicit(&last_retreat, memory_order_relaxed);
  job->retreat = job->alone ? job->alone : ALONE / 2;
  work(job);
  const long next = job->retreats ? job->retreat : job->retreat / 2;
  atomic_store_explicit(&last_retreat, job->calm > CALM || next < ALONE ? 0 : next,
                        memory_order_relaxed);
  atomic_store_explicit(&job->over, 1, memory_order_release);
  while (made) pthread_join(others[--made], 0);
}

/* A matrix product is cut into chunks of one column of tiles, and of some rows of them. */
#define MOST_CHUNKS 12
static inline long columns_of_tiles(long vectors) { return (vectors + TILE_V - 1) / TILE_V; }
static inline long tiles_a_chunk(long vectors, long rows) {
  const long tiles = columns_of_tiles(vectors) * ((rows + TILE_R - 1) / TILE_R);
  return tiles < MOST_CHUNKS ? 1 : tiles / MOST_CHUNKS;
}
static inline long chunks_a_column(long vectors, long rows) {
  const long tiles = (rows + TILE_R - 1) / TILE_R, each = tiles_a_chunk(vectors, rows);
  return (tiles + each - 1) / each;
}
static inline long chunks_of(long vectors, long rows) {
  return columns_of_tiles(vectors) * chunks_a_column(vectors, rows);
}

/* The part of `all` units, from `*from` to before `*to`, that is chunk `c` of `count`. */
static inline void share(long all, long c, long count, long *from, long *to) {
  *from = all * c / count;
  *to = all * (c + 1) / count;
}
