package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.Ptrace;
import dev.thaw.remote.Program;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Where the steps of {@link BuildOrder} are taken: real processes in the restore, lines of text in
 * {@code thaw plan}. Pids are those of the checkpoint.
 */
interface BuildSite {
  /**
   * The root before it runs its first program.
   *
   * @param kernelPages what the kernel has mapped into it
   * @param blobDescriptor the one that stays when it is emptied
   * @param rseq what its C library has registered
   */
  record FreshTask(
      List<KernelPages.Mapping> kernelPages,
      int blobDescriptor,
      Optional<Ptrace.RseqConfiguration> rseq) {}

  /**
   * Addresses and numbers that nothing in the tree uses.
   *
   * @param asideBase where the kernel's pages wait; the blob's area follows them
   * @param firstBlobFd descriptors of the blob are not below
   */
  record Places(long asideBase, long areaAddress, long areaBytes, int firstBlobFd) {}

  /** The following steps are {@code stage}. */
  void begin(String stage);

  /** Makes the root. */
  FreshTask root(TreeNode root, Places places) throws IOException;

  /** Has the first thread of {@code pid} run {@code program}. */
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

  /** Has the first thread of {@code pid} make {@code thread}. */
  void thread(int pid, ThreadImage thread, Program program) throws IOException;

  /** Sets what only files of /proc/PID set. */
  void settings(ProcessImage process) throws IOException;

  /** Has {@code thread} of {@code pid} run {@code program}. */
  void run(int pid, ThreadImage thread, Program program) throws IOException;

  /** Has the pages installed that the kernel touches when the threads exit. */
  void installExitPages(ProcessImage process) throws IOException;
}
