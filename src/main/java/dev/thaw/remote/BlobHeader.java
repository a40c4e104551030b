package dev.thaw.remote;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Builds {@code struct blob_header} for a blob that is about to start. */
final class BlobHeader {
  private final ByteBuffer bytes =
      ByteBuffer.allocate(BlobLayout.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  BlobHeader(Area area, Area.Block block) {
    bytes.putLong(0, block.bytes());
    bytes.putLong(8, area.address());
    bytes.putLong(16, area.bytes());
    bytes.putInt(BlobLayout.CLOSE_FIRST, -1);
    bytes.putInt(BlobLayout.OWN_FD, -1);
    bytes.putInt(BlobLayout.DRIVER_FD, -1);
  }

  /** How the blob leaves when its driver is gone. */
  BlobHeader anchor(Anchor anchor, Registers saved, long mask) {
    bytes.putLong(24, anchor.leaveAddress());
    bytes.putLong(32, saved.get(Reg.RSP));
    bytes.putLong(BlobLayout.TARGET_MASK, mask);
    bytes.putLong(BlobLayout.INTERRUPTED, saved.interruptedCall() ? saved.get(Reg.RAX) : 0);
    return this;
  }

  BlobHeader minFd(int minFd) {
    bytes.putInt(BlobLayout.CLOSE_FIRST + 4, minFd);
    return this;
  }

  /** Its descriptor is there already, and the driver has the other end: BLOB_GIVEN. */
  BlobHeader given(int ownFd) {
    bytes.putInt(BlobLayout.STATE, BlobLayout.STATE_GIVEN);
    bytes.putInt(BlobLayout.OWN_FD, ownFd);
    return minFd(ownFd);
  }

  BlobHeader closeFirst(int fd) {
    bytes.putInt(BlobLayout.CLOSE_FIRST, fd);
    return this;
  }

  byte[] toArray() {
    return bytes.array().clone();
  }
}
