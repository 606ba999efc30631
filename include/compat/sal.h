/* SPDX-License-Identifier: Apache-2.0 */
/* Source annotations: a checker's business, nothing to the compiler. */
#ifndef OPENSSPI_COMPAT_SAL_H
#define OPENSSPI_COMPAT_SAL_H

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_bytes_(count)
#define _In_reads_bytes_opt_(count)
#define _Out_
#define _Out_opt_
#define _Out_writes_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_bytes_(count)
#define _Out_writes_bytes_opt_(count)
#define _Out_writes_z_(count)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(count)
#define _Inout_updates_bytes_(count)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Reserved_
#define _Success_(expression)
#define _Check_return_
#define _Must_inspect_result_
#define _Printf_format_string_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Pre_maybenull_
#define _Post_invalid_

#endif
