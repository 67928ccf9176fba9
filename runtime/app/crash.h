/* A crash names its plugin: the handler of SIGSEGV and its like prints the breadcrumb. */
#ifndef GY_APP_CRASH_H
#define GY_APP_CRASH_H

/** Installs the handlers, on a signal stack of their own for the calling thread (a stack overflow of
 *  another thread ends without the block).
 *  Thread:  [control], before any other is started */
void gy_crash_install(void);

#endif
