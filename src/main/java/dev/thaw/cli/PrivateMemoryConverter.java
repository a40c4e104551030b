package dev.thaw.cli;

import dev.thaw.PrivateMemory;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code graduate}, {@code share} or {@code exact}. */
final class PrivateMemoryConverter implements ITypeConverter<PrivateMemory> {
  @Override
  public PrivateMemory convert(String value) {
    return switch (value) {
      case "graduate" -> PrivateMemory.GRADUATE;
      case "share" -> PrivateMemory.SHARE;
      case "exact" -> PrivateMemory.EXACT;
      default ->
          throw new TypeConversionException("'" + value + "' is not graduate, share or exact");
    };
  }
}
