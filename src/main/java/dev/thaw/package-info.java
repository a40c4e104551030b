/**
 * Thaw for Java programs: dump a process tree, look into the checkpoint, restore it. The command
 * line is written on this package. Needs the rights of the command (root), thaw.jar with its
 * libraries on the class path, and the native files: beside the jar, where Thaw is installed, or
 * where the system property {@code thaw.native} says.
 *
 * <pre>{@code
 * Checkpoint.dump(DumpOptions.of(pid, directory));
 * Checkpoint.verify(directory, Progress.NONE).problems().forEach(System.err::println);
 * try (RestoredTree tree = Checkpoint.restore(RestoreOptions.of(directory))) {
 *   System.out.println(tree.rootPid() + " runs after " + tree.timeToResume());
 *   return tree.awaitExit().code();
 * }
 * }</pre>
 *
 * <p>A program around these lines is {@code src/examples/java/Embedding.java}.
 *
 * <table>
 * <caption>The types</caption>
 * <tr><th>to</th><th>use</th></tr>
 * <tr><td>dump</td><td>{@link dev.thaw.Checkpoint#dump}, {@link dev.thaw.DumpOptions}, {@link
 *     dev.thaw.DumpReport}</td></tr>
 * <tr><td>compare every checksum</td><td>{@link dev.thaw.Checkpoint#verify}, {@link
 *     dev.thaw.VerifyReport}</td></tr>
 * <tr><td>look into a checkpoint</td><td>{@link dev.thaw.Checkpoint#inspect}, {@link
 *     dev.thaw.Inspection}; as system calls, {@link dev.thaw.Checkpoint#plan}; as a page of HTML,
 *     {@link dev.thaw.Checkpoint#report}</td></tr>
 * <tr><td>restore, lazily</td><td>{@link dev.thaw.Checkpoint#restore(dev.thaw.RestoreOptions)};
 *     {@link dev.thaw.RestoreOptions#withEager} has all memory there first, {@link
 *     dev.thaw.PrivateMemory} says what it becomes</td></tr>
 * <tr><td>wait for a tree, signal it</td><td>{@link dev.thaw.RestoredTree}, {@link
 *     dev.thaw.ExitStatus}</td></tr>
 * <tr><td>know what a run touches, and have it there before the next</td><td>{@link
 *     dev.thaw.RecordOptions}, {@link dev.thaw.Checkpoint#mark}, {@link
 *     dev.thaw.RecordingReport}; a restore uses what was recorded unless it is {@link
 *     dev.thaw.RestoreOptions#withoutWorkingSet}; {@link dev.thaw.Checkpoint#optimize}, {@link
 *     dev.thaw.OptimizeReport}</td></tr>
 * <tr><td>restore many times from memory</td><td>{@link dev.thaw.Template#load}, {@link
 *     dev.thaw.Template#clone(dev.thaw.CloneOptions)}, {@link dev.thaw.CloneOptions}</td></tr>
 * <tr><td>choose namespaces for a tree</td><td>{@link dev.thaw.TreeKeeper}, {@link
 *     dev.thaw.KeeperOptions}</td></tr>
 * <tr><td>watch a pager</td><td>{@link dev.thaw.LiveStats}</td></tr>
 * <tr><td>show how far something is</td><td>{@link dev.thaw.Progress}</td></tr>
 * <tr><td>know what went wrong</td><td>{@link dev.thaw.ThawException}</td></tr>
 * </table>
 *
 * <p>A restored tree does not depend on the JVM that restored it. thaw-init, its parent, is a child
 * of that JVM, and goes on with another one when that ends too early, be it by SIGKILL: with the
 * class path of the first.
 */
package dev.thaw;
