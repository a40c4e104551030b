package dev.thaw.remote;

import dev.thaw.linux.Fd;
import java.util.Arrays;

/**
 * A blob that a task begins with, instead of one that is put into it: whoever makes the task maps
 * the area, copies {@link #start} to its beginning, and has the task jump there with the address of
 * the blob's header in rdi.
 *
 * @param areaAddress page aligned, fixed
 * @param areaBytes whole pages; the blob makes all but its code writable
 * @param descriptor number of the task's end of a SOCK_SEQPACKET pair: lower numbers belong to the
 *     program
 */
public record FreshBlob(long areaAddress, long areaBytes, int descriptor) {

  /** The code, and behind it the header of the first thread's block. */
  public byte[] start() {
    Area area = area();
    byte[] code = Blob.load().code();
    byte[] header = new BlobHeader(area, area.first()).given(descriptor).toArray();
    byte[] start = Arrays.copyOf(code, BlobLayout.CODE_BYTES + header.length);
    System.arraycopy(header, 0, start, BlobLayout.CODE_BYTES, header.length);
    return start;
  }

  /**
   * The blob of a task that has begun.
   *
   * @param thread seized with {@link Tracee#FOLLOW_OR_DIE}; it runs
   * @param socket the other end of the pair, owned from here on
   */
  public RemoteProcess in(Tracee thread, Fd socket) {
    return RemoteProcess.begun(thread, area(), descriptor, socket);
  }

  private Area area() {
    return new Area(areaAddress, areaBytes);
  }
}
