/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler attributes that the project uses, under names of its own. */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

#define SEC_NODISCARD           __attribute__((warn_unused_result))
#define SEC_PRINTF(text, first) __attribute__((format(printf, text, first)))
/* What is called where something is wrong: out of the way of what is right. */
#define SEC_COLD __attribute__((cold))
/* Where a measurement shows that the compiler should not have the choice. */
#define SEC_ALWAYS_INLINE static inline __attribute__((always_inline))

/* SEC_AUTO(TYPE) p: calls TYPE_auto(&p) when p leaves its scope. Each type that wants this
 * defines its TYPE_auto beside its TYPE_free or TYPE_clear. */
#define SEC_AUTO(type) __attribute__((cleanup(type##_auto))) struct type

/* Hands a scoped pointer over: its scope no longer frees it. */
#define sec_steal(pointer)                           \
    __extension__({                                  \
        __typeof__(*(pointer)) stolen_ = *(pointer); \
        *(pointer) = NULL;                           \
        stolen_;                                     \
    })

#define SEC_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
