/* The JVM's command line. */
#include "launcher.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *format, ...)
{
	va_list args;
	char *result;

	va_start(args, format);
	if (vasprintf(&result, format, args) < 0)
		err(EXIT_FAILED, "thaw");
	va_end(args);
	return result;
}

/*
 * What bounds the anonymous memory of a JVM that serves: a small young generation that is collected
 * often, an old one that is given back, one compiler thread. src/docs/adr/ has the figures.
 */
static const char *const serving_flags[] = {
	"-Xms8m",
	/*
	 * 2.1 MiB of eden, a restore of redis, and survivors that hold what is live in one: with
	 * 0.3 MiB each, of 3, it was promoted, and the old generation collected every 13 restores.
	 */
	"-Xmn3584k",
	"-XX:SurvivorRatio=3",
	"-Xss320k",
	"-XX:MinHeapFreeRatio=10",
	"-XX:MaxHeapFreeRatio=15",
	"-XX:-ShrinkHeapInSteps",
	"-XX:ReservedCodeCacheSize=16m",
	"-XX:CICompilerCount=1",
	/* A restore calls most of its methods a few times: at the default they stay interpreted. */
	"-XX:CompileThresholdScaling=0.1",
	NULL,
};

static const char *const short_flags[] = {
	/*
	 * A loop over the 43,000 runs of a large pagemap would end before it is compiled: the default is
	 * 60,000 rounds. Of 1,000, 3,000 and 10,000 the middle is best: the layout takes a third.
	 */
	"-XX:Tier3BackEdgeThreshold=3000",
	/* JDK 17 would make a class of a constructor that was called 15 times by reflection: 3 ms each. */
	"-Dsun.reflect.inflationThreshold=1000000",
	NULL,
};

char **jvm_command(const struct place *place, enum jvm_life life, int reserved, char **args)
{
	enum { FLAGS_MAX = 32 };
	const char *home = place->home;
	int argc = 0, n = reserved;
	char **command;

	while (args[argc])
		argc++;
	command = calloc(reserved + FLAGS_MAX + argc + 1, sizeof(*command));
	if (!command)
		err(EXIT_FAILED, "thaw");
	command[n++] = (char *)place->java;
	/* A short life: no optimising compiler, the collector that starts fastest, no hsperfdata file. */
	command[n++] = "-XX:TieredStopAtLevel=1";
	command[n++] = "-XX:+UseSerialGC";
	command[n++] = "-XX:-UsePerfData";
	for (const char *const *flag = life == JVM_SERVES ? serving_flags : short_flags; *flag; flag++)
		command[n++] = (char *)*flag;
	/* An archive that another JVM made, or other jars, is passed over without a word. */
	command[n++] = "-Xshare:auto";
	command[n++] = text("-XX:SharedArchiveFile=%s/thaw.jsa", home);
	/* Mapped where it was made for, 21 MB of it stay clean pages of the file. */
	command[n++] = "-XX:+UnlockDiagnosticVMOptions";
	command[n++] = "-XX:ArchiveRelocationMode=0";
	command[n++] = "-Xlog:disable";
	command[n++] = "-Xlog:all=error:stderr";
	if (place->java_version >= 22)
		command[n++] = "--enable-native-access=ALL-UNNAMED";
	if (isatty(STDERR_FILENO))
		command[n++] = "-Dthaw.terminal=true";
	command[n++] = text("-Dthaw.native=%s/native", home);
	/* What is logged, a lost page for example, reads like every other message. */
	command[n++] = "-Djava.util.logging.SimpleFormatter.format=thaw: %5$s%n";
	/* The build has unpacked these: nothing is searched for, nothing written to /tmp. */
	command[n++] = text("-Djna.boot.library.path=%s/native", home);
	command[n++] = "-Djna.nosys=true";
	command[n++] = "-Djna.noclasspath=true";
	/* Nor is /tmp searched for what an unpacking JNA left: one that cannot be written is a warning. */
	command[n++] = "-Djna.nounpack=true";
	/* All libraries have a path or are loaded: no ldconfig is run to learn where there might be more. */
	command[n++] = "-Djna.platform.library.path=";
	command[n++] = text("-DZstdNativePath=%s/native/libzstd-jni.so", home);
	command[n++] = "-cp";
	command[n++] = text("%s/thaw.jar", home);
	command[n++] = "dev.thaw.cli.Main";
	for (int i = 0; i < argc; i++)
		command[n++] = args[i];
	return command;
}
