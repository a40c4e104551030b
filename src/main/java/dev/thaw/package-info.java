/**
 * Thaw for embedding: dump a process tree, restore it, look into a checkpoint, ask what the machine
 * allows. The command line is written against this package and nothing below it.
 */
package dev.thaw;
