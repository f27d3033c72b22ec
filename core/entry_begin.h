/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What entry_commands.h and entry_messages.h are written in. Each macro that an includer hasn't
 * defined is empty here, so that it defines only those it needs. No include guard; entry_undef.h
 * undefines them all.
 *
 *   SVPU_ENTRY(NAME, Name, wire)           a type: SVPU_CMD_NAME or SVPU_MSG_NAME, its name in C++,
 *                                          its struct
 *   SVPU_U32(member, least, most, what)    a field and its values; `what` is the complaint
 *   SVPU_S32(member), _S64, _U64           a field of any value
 *   SVPU_ENUM(member, Type, most, what)    0 to `most`; its type in C++
 *   SVPU_CONST(member, value, what)        has one value only
 *   SVPU_STATUS(member)                    an enum svpu_status
 *   SVPU_FLAG(member, name, bit)           one bit of `member`
 *   SVPU_BUFFER(index, generation)         names a buffer
 *   SVPU_TEXT(member)                      characters, ended by a NUL or by the field's end
 *   SVPU_STRUCT(member, type)              a struct of words; SVPU_TOGETHER's function checks it
 *   SVPU_ARRAY(member, type, count)        an array of them, or of numbers
 *   SVPU_COOKIE                            the entry's cookie isn't 0
 *   SVPU_TOGETHER(function)                checks what fields must be together; the last of a type
 *   SVPU_ENTRY_END
 */
#ifndef SVPU_ENTRY
#define SVPU_ENTRY(name, cpp_name, wire)
#endif
#ifndef SVPU_U32
#define SVPU_U32(member, least, most, what)
#endif
#ifndef SVPU_S32
#define SVPU_S32(member)
#endif
#ifndef SVPU_U64
#define SVPU_U64(member)
#endif
#ifndef SVPU_S64
#define SVPU_S64(member)
#endif
#ifndef SVPU_ENUM
#define SVPU_ENUM(member, type, most, what)
#endif
#ifndef SVPU_CONST
#define SVPU_CONST(member, value, what)
#endif
#ifndef SVPU_STATUS
#define SVPU_STATUS(member)
#endif
#ifndef SVPU_FLAG
#define SVPU_FLAG(member, name, bit)
#endif
#ifndef SVPU_BUFFER
#define SVPU_BUFFER(index, generation)
#endif
#ifndef SVPU_TEXT
#define SVPU_TEXT(member)
#endif
#ifndef SVPU_STRUCT
#define SVPU_STRUCT(member, type)
#endif
#ifndef SVPU_ARRAY
#define SVPU_ARRAY(member, type, count)
#endif
#ifndef SVPU_COOKIE
#define SVPU_COOKIE
#endif
#ifndef SVPU_TOGETHER
#define SVPU_TOGETHER(function)
#endif
#ifndef SVPU_ENTRY_END
#define SVPU_ENTRY_END
#endif
