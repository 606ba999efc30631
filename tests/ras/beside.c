/* SPDX-License-Identifier: Apache-2.0 */
/* What the module "leaning" needs. */

unsigned no_such_function(void);

unsigned
no_such_function(void)
{
    return 0;
}
