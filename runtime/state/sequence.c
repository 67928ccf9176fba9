/* See sequence.h. Memory: cap places of {gy_element, record, record ahead}, and behind them `back`. */
#include "state/sequence.h"

#include "base/mem.h"

#include <assert.h>

enum { LEAST = 4 };

/* Where the record of an element stands behind its head, and how much room it takes. */
static uint32_t record_offset(const struct gy_records *records)
{
    if (records->align > 8)
        return records->bare ? 16 : 32;
    return records->bare ? sizeof(int64_t) : sizeof(struct gy_element);
}

static uint32_t record_room(const struct gy_records *records)
{
    uint32_t align = records->align > 8 ? 16 : 8;
    return (records->size + align - 1) & ~(align - 1);
}

/* Bytes from one element to the next. */
static size_t stride(const struct gy_records *records)
{
    return record_offset(records) + (records->sums ? 2u : 1u) * record_room(records);
}

static char *place(const struct gy_sequence *s, const struct gy_records *records, uint32_t i)
{
    return s->memory + stride(records) * (s->first + i);
}

static void *record_at(const struct gy_sequence *s, const struct gy_records *records, uint32_t i)
{
    return place(s, records, i) + record_offset(records);
}

static void *ahead_at(const struct gy_sequence *s, const struct gy_records *records, uint32_t i)
{
    return place(s, records, i) + record_offset(records) + record_room(records);
}

static void *back_of(const struct gy_sequence *s, const struct gy_records *records)
{
    return s->memory + stride(records) * s->cap;
}

static size_t bytes_for(const struct gy_records *records, uint32_t cap)
{
    return stride(records) * cap + (records->sums ? record_room(records) : 0);
}

size_t gy_sequence_bytes(const struct gy_sequence *s, const struct gy_records *records)
{
    return s->memory != NULL ? bytes_for(records, s->cap) : 0;
}

void gy_sequence_fetch(const struct gy_sequence *s, const struct gy_records *records)
{
    if (s->memory == NULL)
        return;
    __builtin_prefetch(place(s, records, 0), 0, 2);
    __builtin_prefetch(place(s, records, 1) - 1, 0, 2);
    __builtin_prefetch(place(s, records, s->n > 0 ? s->n - 1 : 0), 0, 2);
    __builtin_prefetch(place(s, records, s->n + 1) - 1, 0, 2); /* of the next one, or the back */
    __builtin_prefetch(back_of(s, records), 0, 2);
}

struct gy_element *gy_sequence_at(const struct gy_sequence *s, const struct gy_records *records,
                                  uint32_t i)
{
    assert(i < s->n);
    return (struct gy_element *)(void *)place(s, records, i);
}

const void *gy_sequence_record(const struct gy_sequence *s, const struct gy_records *records,
                               uint32_t i)
{
    assert(i < s->n);
    return record_at(s, records, i);
}

static void fini_place(struct gy_sequence *s, const struct gy_records *records, uint32_t i)
{
    gy_records_fini(records, record_at(s, records, i));
    if (records->sums)
        gy_records_fini(records, ahead_at(s, records, i));
}

void gy_sequence_fini(struct gy_sequence *s, const struct gy_records *records)
{
    for (uint32_t i = 0; !records->plain && i < s->n; i++)
        fini_place(s, records, i);
    if (s->has_back)
        gy_records_fini(records, back_of(s, records));
    gy_free(s->memory);
    memset(s, 0, sizeof *s);
}

/* Room for one more behind the last: what is in front is used again before the memory grows. */
static int make_room(struct gy_sequence *s, const struct gy_records *records)
{
    if (s->memory != NULL && s->first + s->n < s->cap)
        return 0;
    if (s->first > 0 && s->first >= s->n / 2) {
        memmove(s->memory, place(s, records, 0), stride(records) * s->n);
        s->first = 0;
        return 0;
    }
    uint32_t cap = s->n < LEAST ? LEAST : s->n + s->n / 2;
    if (cap <= s->n)
        return GYRE_ENOMEM;
    char *memory = gy_alloc_aligned(bytes_for(records, cap), 16);
    if (memory == NULL)
        return GYRE_ENOMEM;
    if (s->memory != NULL) {
        memcpy(memory, place(s, records, 0), stride(records) * s->n);
        if (s->has_back)
            memcpy(memory + stride(records) * cap, back_of(s, records), records->size);
        gy_free(s->memory);
    }
    s->memory = memory;
    s->first = 0;
    s->cap = cap;
    if (records->sums && !s->has_back) {
        gy_records_init(records, back_of(s, records));
        s->has_back = true;
    }
    return 0;
}

uint32_t gy_sequence_find(const struct gy_sequence *s, const struct gy_records *records,
                          int64_t order)
{
    uint32_t low = 0, high = s->n;
    if (s->n > 0 && gy_sequence_at(s, records, s->n - 1)->order < order)
        return s->n; /* mostly it is the newest, or one of the two oldest */
    for (; low < 2 && low < s->n; low++)
        if (gy_sequence_at(s, records, low)->order >= order)
            return low;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (gy_sequence_at(s, records, middle)->order < order)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Something at `i` was changed or will be. */
static void spoil(struct gy_sequence *s, uint32_t i)
{
    if (i >= s->front)
        s->back_is_stale = true;
    else if (s->stale < i + 1)
        s->stale = i + 1;
}

void *gy_sequence_add(struct gy_sequence *s, const struct gy_records *records, int64_t order,
                      double value)
{
    uint32_t i = order == INT64_MAX ? s->n : gy_sequence_find(s, records, order + 1);
    if (s->n == UINT32_MAX || make_room(s, records) != 0)
        return NULL;
    if (i < s->n)
        memmove(place(s, records, i + 1), place(s, records, i), stride(records) * (s->n - i));
    struct gy_element *element = (struct gy_element *)(void *)place(s, records, i);
    element->order = order;
    if (!records->bare) {
        element->value = value;
        element->flags = 0;
    }
    gy_records_init(records, record_at(s, records, i));
    if (records->sums)
        gy_records_init(records, ahead_at(s, records, i));
    if (i < s->n && i < s->front) {
        s->front++;
        s->stale = s->stale > i ? s->stale + 1 : i + 1;
    } else if (i < s->n)
        s->back_is_stale = true;
    s->n++;
    return record_at(s, records, i);
}

uint32_t gy_sequence_index(const struct gy_sequence *s, const struct gy_records *records,
                           const void *record)
{
    return (uint32_t)((size_t)((const char *)record - place(s, records, 0)) / stride(records));
}

int gy_sequence_filled(struct gy_sequence *s, const struct gy_records *records, const void *record)
{
    uint32_t i = gy_sequence_index(s, records, record);
    if (!records->sums || i + 1 < s->n || s->back_is_stale)
        return 0;
    int code = records->merge(records, back_of(s, records), record);
    if (code == 0)
        return 0;
    s->back_is_stale = true;
    gy_sequence_remove(s, records, i);
    return code;
}

int gy_sequence_merge(struct gy_sequence *s, const struct gy_records *records, int64_t order,
                      const void *record)
{
    uint32_t i = gy_sequence_find(s, records, order);
    if (i < s->n && gy_sequence_at(s, records, i)->order == order) {
        spoil(s, i);
        return records->merge(records, record_at(s, records, i), record);
    }
    void *into = gy_sequence_add(s, records, order, 0);
    if (into == NULL)
        return GYRE_ENOMEM;
    int code = gy_records_copy(records, into, record);
    if (code == 0)
        return gy_sequence_filled(s, records, into);
    gy_sequence_remove(s, records, i);
    return code;
}

void gy_sequence_drop(struct gy_sequence *s, const struct gy_records *records, uint32_t n)
{
    assert(n <= s->n);
    if (n == 0)
        return;
    for (uint32_t i = 0; !records->plain && i < n; i++)
        fini_place(s, records, i);
    if (n > s->front)
        s->back_is_stale = true;
    s->front -= n < s->front ? n : s->front;
    s->stale -= n < s->stale ? n : s->stale;
    s->first += n;
    s->n -= n;
    if (s->n == 0 && s->has_back) {
        gy_records_reset(records, back_of(s, records));
        s->back_is_stale = false;
    }
}

void gy_sequence_remove(struct gy_sequence *s, const struct gy_records *records, uint32_t i)
{
    assert(i < s->n);
    if (i == 0) {
        gy_sequence_drop(s, records, 1);
        return;
    }
    fini_place(s, records, i);
    if (i < s->front) {
        s->front--;
        s->stale = s->stale > i ? s->stale - 1 : i;
    } else
        s->back_is_stale = true;
    memmove(place(s, records, i), place(s, records, i + 1), stride(records) * (s->n - i - 1));
    s->n--;
}

/* Merges ahead[i] for i = from - 1 ... 0, each from its element and the one behind it. */
static int merge_ahead(struct gy_sequence *s, const struct gy_records *records, uint32_t from)
{
    for (uint32_t i = from; i-- > 0;) {
        void *ahead = ahead_at(s, records, i);
        gy_records_reset(records, ahead);
        int code = gy_records_copy(records, ahead, record_at(s, records, i));
        if (code == 0 && i + 1 < s->front)
            code = records->merge(records, ahead, ahead_at(s, records, i + 1));
        if (code != 0)
            return code;
        s->stale = i;
    }
    return 0;
}

static int refresh(struct gy_sequence *s, const struct gy_records *records)
{
    if (s->back_is_stale) {
        s->front = s->stale = s->n;
        gy_records_reset(records, back_of(s, records));
        s->back_is_stale = false;
    }
    return merge_ahead(s, records, s->stale);
}

int gy_sequence_part(const struct gy_sequence *s, const struct gy_records *records, uint32_t from,
                     uint32_t to, void *into)
{
    int code = 0;
    for (uint32_t i = from; code == 0 && i < to; i++)
        code = i == from ? gy_records_copy(records, into, record_at(s, records, i))
                         : records->merge(records, into, record_at(s, records, i));
    return code;
}

int gy_sequence_sum(struct gy_sequence *s, const struct gy_records *records, void *into)
{
    if (!records->sums)
        return gy_sequence_part(s, records, 0, s->n, into);
    if (s->n == 0)
        return 0;
    int code = refresh(s, records);
    if (code != 0)
        return code;
    code = gy_records_copy(records, into,
                           s->front > 0 ? ahead_at(s, records, 0) : back_of(s, records));
    if (code == 0 && s->front > 0 && s->front < s->n)
        code = records->merge(records, into, back_of(s, records));
    return code;
}

void gy_sequence_write(const struct gy_sequence *s, const struct gy_records *records,
                       struct gyre_writer *writer)
{
    gyre_write_u32(writer, s->n);
    /* A stale back is merged as the next sum would; what is no sum has no front. */
    gyre_write_u32(writer, !records->sums ? 0 : s->back_is_stale ? s->n : s->front);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct gy_element *element = gy_sequence_at(s, records, i);
        gyre_write_i64(writer, element->order);
        if (!records->bare) {
            gyre_write_i64(writer, element->last_us);
            gyre_write_u64(writer, element->flags);
        }
        records->write(records, record_at(s, records, i), writer);
    }
}

static int read_element(struct gy_sequence *s, const struct gy_records *records,
                        struct gyre_reader *reader, const struct gy_form *form)
{
    int64_t order = gyre_read_i64(reader);
    int64_t value = records->bare ? 0 : gyre_read_i64(reader);
    uint64_t flags = records->bare ? 0 : gyre_read_u64(reader);
    if (reader->error != 0)
        return reader->error;
    if (s->n > 0 && gy_sequence_at(s, records, s->n - 1)->order > order)
        return reader->error = GYRE_ECORRUPT;
    void *record = gy_sequence_add(s, records, order, 0);
    if (record == NULL)
        return GYRE_ENOMEM;
    if (!records->bare) {
        struct gy_element *element = gy_sequence_at(s, records, s->n - 1);
        element->last_us = value;
        element->flags = flags;
    }
    return records->read(records, record, reader, form);
}

int gy_sequence_read(struct gy_sequence *s, const struct gy_records *records,
                     struct gyre_reader *reader, const struct gy_form *form)
{
    uint32_t n = gyre_read_u32(reader), front = gyre_read_u32(reader);
    int code = reader->error;
    if (code == 0 && front > n)
        code = reader->error = GYRE_ECORRUPT;
    for (uint32_t i = 0; code == 0 && i < n; i++)
        code = read_element(s, records, reader, form);
    if (code != 0 || !records->sums)
        return code;
    s->front = s->stale = front;
    for (uint32_t i = front; code == 0 && i < n; i++)
        code = records->merge(records, back_of(s, records), record_at(s, records, i));
    return code;
}
