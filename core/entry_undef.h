/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/* Ends what entry_begin.h began. */
#undef SVPU_ENTRY
#undef SVPU_U32
#undef SVPU_S32
#undef SVPU_U64
#undef SVPU_S64
#undef SVPU_ENUM
#undef SVPU_CONST
#undef SVPU_STATUS
#undef SVPU_FLAG
#undef SVPU_BUFFER
#undef SVPU_TEXT
#undef SVPU_STRUCT
#undef SVPU_ARRAY
#undef SVPU_COOKIE
#undef SVPU_TOGETHER
#undef SVPU_ENTRY_END
