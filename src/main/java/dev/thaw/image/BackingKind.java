package dev.thaw.image;

import dev.thaw.image.Vma.Backing;

/** The names in JSON of what can back a {@link Vma}. */
public enum BackingKind {
  ANONYMOUS("anonymous", Backing.Anonymous.class),
  SHARED("shared", Backing.Shared.class),
  SYSV("sysv", Backing.SysV.class),
  HUGE("huge", Backing.Huge.class),
  FILE("file", Backing.MappedFile.class),
  DEVICE("device", Backing.CharDevice.class),
  VDSO("vdso", Backing.Vdso.class),
  VSYSCALL("vsyscall", Backing.Vsyscall.class);

  private final String jsonName;
  private final Class<? extends Backing> type;

  BackingKind(String jsonName, Class<? extends Backing> type) {
    this.jsonName = jsonName;
    this.type = type;
  }

  /** The name in JSON. */
  public String jsonName() {
    return jsonName;
  }

  /** The record. */
  public Class<? extends Backing> type() {
    return type;
  }

  /** The kind whose record {@code backing} is. */
  static BackingKind of(Backing backing) {
    for (BackingKind kind : values()) {
      if (kind.type == backing.getClass()) {
        return kind;
      }
    }
    throw new IllegalStateException("unregistered " + backing.getClass());
  }

  /**
   * The kind of that name in JSON.
   *
   * @throws IllegalArgumentException if there is none
   */
  static BackingKind named(String jsonName) {
    for (BackingKind kind : values()) {
      if (kind.jsonName.equals(jsonName)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("unknown kind of backing: " + jsonName);
  }
}
