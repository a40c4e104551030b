package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.Program;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Where the steps of {@link BuildOrder} are taken: real processes in the restore, lines of text in
 * {@code thaw plan}. Pids are those of the checkpoint.
 */
interface BuildSite {
  /**
   * The root before it runs its first program.
   *
   * @param kernelPages what the kernel has mapped into it
   */
  record FreshTask(List<KernelPages.Mapping> kernelPages) {}

  /**
   * Addresses and numbers that nothing in the tree uses.
   *
   * @param asideBase where the kernel's pages wait; the blob's area follows them
   * @param blobFd descriptor of a leader's blob; those of further threads follow it
   */
  record Places(long asideBase, long areaAddress, long areaBytes, int blobFd) {}

  /** The following steps are {@code stage}. */
  void begin(String stage);

  /** Makes the root. */
  FreshTask root(TreeNode root, Places places) throws IOException;

  /**
   * Has the first thread of {@code pid} run {@code program}: before any later step is taken that
   * could notice.
   */
  void run(int pid, Program program) throws IOException;

  /** The same; {@code program} makes {@code children}, which will run programs of their own. */
  void family(int pid, Program program, List<TreeNode> children) throws IOException;

  /** Writes the pages that have to be there before the process runs. */
  void write(MemoryLayout layout) throws IOException;

  /** Takes the userfaultfd, which has the number {@code uffd} in the process, for the pager. */
  void serve(MemoryLayout layout, int uffd) throws IOException;

  /** The pager serves from here on. */
  void startPager() throws IOException;

  /** Has {@code node} end by {@code program}; it stays a zombie. */
  void bury(TreeNode node, Program program) throws IOException;

  /** Has the first thread of {@code pid} make the others. */
  void threads(int pid, ThreadPrograms.Birth birth) throws IOException;

  /** Sets what only files of /proc/PID set. */
  void settings(ProcessImage process) throws IOException;

  /** Has further threads of {@code pid} run their last programs, all at once. */
  void runLast(int pid, Map<ThreadImage, Program> programs) throws IOException;

  /** Has the first thread run its last program. */
  void runLast(int pid, Program program) throws IOException;

  /** Has the pages installed that the kernel touches when the threads exit. */
  void installExitPages(ProcessImage process) throws IOException;
}
