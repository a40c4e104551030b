package dev.thaw.cli;

import dev.thaw.PrivateMemory;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code share} or {@code exact}. */
final class PrivateMemoryConverter implements ITypeConverter<PrivateMemory> {
  @Override
  public PrivateMemory convert(String value) {
    return switch (value) {
      case "share" -> PrivateMemory.SHARE;
      case "exact" -> PrivateMemory.EXACT;
      default -> throw new TypeConversionException("'" + value + "' is neither share nor exact");
    };
  }
}
