/* Operators of Lua that keep state, in three versions: what they keep differs (tables by name, lists in one another,
 * integers beyond 2^53), what comes out does not. */
#ifndef TESTS_LUA_FOLDS_H
#define TESTS_LUA_FOLDS_H

enum { LUA_FOLDS_VERSIONS = 3 };

/** Operators for the list of a job, over rows of `timed` with the fields key, value and time that come in one order:
 *  lua.fold `rolls` and in a list `listed`, both rolling or final by the job's mode; lua.aggregate `tumbles`,
 *  `slides` and `visits` (a session), whose rows are of one schema; lua.fold `counted`, in windows of a count;
 *  lua.process `keeps` by key and `whole` without. `rolls`, `counted`, `keeps` and `whole` are of one schema as
 *  well. `version` from 1; `ids` has the names of those that are wanted. free() it. */
char *lua_folds_text(int version, const char *ids);

#define LUA_FOLDS_ALL "rolls counted tumbles slides visits listed keeps whole"

#endif
