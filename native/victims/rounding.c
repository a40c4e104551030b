/*
 * Floating-point environment of threads in the middle of work: rounding modes, exceptions raised, what
 * they compute.
 * VICTIM_FLAGS: -frounding-math -Wl,--no-as-needed -lm
 */
#include "frame.h"

#include <fenv.h>

static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
static double results[COUNT(modes)];
static pthread_barrier_t barrier;
static volatile double one = 1.0, three = 3.0;
static volatile long double long_one = 1.0L, long_three = 3.0L;

static void *compute(void *arg)
{
	size_t n = (size_t)arg;

	fesetround(modes[n]);
	feraiseexcept(n % 2 ? FE_OVERFLOW : FE_UNDERFLOW);
	results[n] = one / three;
	long double before = long_one / long_three;
	pthread_barrier_wait(&barrier);	/* all are ready */
	pthread_barrier_wait(&barrier);	/* restored */
	SABOTAGE("a rounding mode is lost")
		fesetround(FE_TONEAREST);
	SABOTAGE("an exception flag is lost")
		feclearexcept(FE_ALL_EXCEPT);
	CHECK_EQ("overflow raised", !!fetestexcept(FE_OVERFLOW), n % 2);
	CHECK_EQ("underflow raised", !!fetestexcept(FE_UNDERFLOW), !(n % 2));
	CHECK_EQ("rounding mode", fegetround(), modes[n]);
	double after = one / three;
	CHECK_MEM("quotient", &after, &results[n], sizeof(after));
	CHECK("quotient of the x87", long_one / long_three == before);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[COUNT(modes)];

	frame_start(argc, argv);
	OK0(pthread_barrier_init(&barrier, NULL, COUNT(modes) + 1));
	for (size_t i = 0; i < COUNT(modes); i++)
		OK0(pthread_create(&threads[i], NULL, compute, (void *)i));
	pthread_barrier_wait(&barrier);
	frame_wait();
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < COUNT(modes); i++)
		OK0(pthread_join(threads[i], NULL));
	CHECK("up and down differ", results[1] != results[2]);
	return frame_pass();
}
