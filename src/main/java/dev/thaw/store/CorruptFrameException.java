package dev.thaw.store;

import java.io.IOException;

/** The pages of one frame cannot be had. The message names the file, the frame and its pages. */
public final class CorruptFrameException extends IOException {
  private static final long serialVersionUID = 1L;
  private final String file;
  private final long frame;
  private final long firstStorePage;
  private final int pageCount;

  /** A frame that cannot be had, and why. */
  public CorruptFrameException(
      String file, long frame, long firstStorePage, int pageCount, String reason, Throwable cause) {
    super(
        file
            + ": frame "
            + frame
            + " (pages "
            + firstStorePage
            + " to "
            + (firstStorePage + pageCount - 1)
            + "): "
            + reason,
        cause);
    this.file = file;
    this.frame = frame;
    this.firstStorePage = firstStorePage;
    this.pageCount = pageCount;
  }

  private CorruptFrameException(CorruptFrameException same, String owners) {
    super(same.getMessage() + "; it held " + owners, same);
    this.file = same.file;
    this.frame = same.frame;
    this.firstStorePage = same.firstStorePage;
    this.pageCount = same.pageCount;
  }

  /** The same, with whose pages the frame held. */
  public CorruptFrameException of(String owners) {
    return new CorruptFrameException(this, owners);
  }

  /** The page file. */
  public String file() {
    return file;
  }

  /** The frame. */
  public long frame() {
    return frame;
  }

  /** Number in the store of the frame's first page. */
  public long firstStorePage() {
    return firstStorePage;
  }

  /** Pages in the frame, all of them lost. */
  public int pageCount() {
    return pageCount;
  }
}
