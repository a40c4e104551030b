/**
 * thawd: one JVM per machine that runs the commands of many launchers and keeps checkpoints warm.
 */
package dev.thaw.daemon;
