package dev.thaw.remote;

/**
 * Offsets and sizes of {@code native/blob/layout.h}; {@link Blob} compares them with the binary's.
 */
final class BlobLayout {
  static final int MAGIC = 0x776e7462;
  static final int CODE_BYTES = 0x2000;
  static final int PROGRAM = 0x4000;

  // struct blob_header
  static final int HEADER_BYTES = 104;
  static final int TARGET_MASK = 40;
  static final int INTERRUPTED = 48;
  static final int CLOSE_FIRST = 56;
  static final int STATE = 64;
  static final int OWN_FD = STATE + 4;
  static final int DRIVER_FD = STATE + 8;
  static final int OP_COUNT = 76;
  static final int FAILED = OP_COUNT + 4;
  static final int OPS_OFFSET = 88;

  /** enum blob_state. */
  static final int STATE_GIVEN = 2;

  static final int STATE_LEFT = 3;

  // struct blob_op
  static final int OP_BYTES = 80;
  static final int OP_SUCCESS = 4;
  static final int OP_KIND = 5;
  static final int OP_EXPECTED = 16;
  static final int OP_ARG = 24;
  static final int OP_RESULT = 72;

  static final int ANCHOR_LEAVE = 8;
  static final int ANCHOR_MASK = 192;
  static final int ANCHOR_REGS = 200;
  static final int ANCHOR_REGS_EINTR = 344;
  static final int ANCHOR_BYTES = 488;

  /** The system call by which a blob says that its socket is there. */
  static final long MARKER = Syscalls.SCHED_YIELD;

  static final char COMMAND_RUN = 'R';
  static final char COMMAND_LAST = 'L';

  private BlobLayout() {}

  /** The table at offset 8 of blob.bin, word by word. */
  static int[] table() {
    return new int[] {
      MAGIC,
      CODE_BYTES,
      PROGRAM,
      HEADER_BYTES,
      TARGET_MASK,
      INTERRUPTED,
      CLOSE_FIRST,
      STATE,
      OP_COUNT,
      OPS_OFFSET,
      OP_BYTES,
      OP_SUCCESS,
      OP_KIND,
      OP_EXPECTED,
      OP_ARG,
      OP_RESULT,
      ANCHOR_LEAVE,
      ANCHOR_MASK,
      ANCHOR_REGS,
      ANCHOR_REGS_EINTR,
      ANCHOR_BYTES
    };
  }
}
