package triton.client.pojo;

/**
 * The types of tensors' elements. Java has no unsigned numbers: UINT8 to UINT64 travel in the signed type of their size, with the same
 * bits; FP16 and BF16 in {@code short}, likewise.
 */
public enum DataType {
  BOOL(1, boolean[].class),
  UINT8(1, byte[].class),
  UINT16(2, short[].class),
  UINT32(4, int[].class),
  UINT64(8, long[].class),
  INT8(1, byte[].class),
  INT16(2, short[].class),
  INT32(4, int[].class),
  INT64(8, long[].class),
  FP16(2, short[].class),
  BF16(2, short[].class),
  FP32(4, float[].class),
  FP64(8, double[].class),
  /** Strings: each four bytes of length, little-endian, and as many bytes. */
  BYTES(0, String[].class);

  private final int size;
  private final Class<?> arrayClass;

  DataType(int size, Class<?> arrayClass) {
    this.size = size;
    this.arrayClass = arrayClass;
  }

  /** Bytes of an element; 0 for {@link #BYTES}, whose elements have any number. */
  public int size() {
    return size;
  }

  /** The array that holds such elements. */
  public Class<?> arrayClass() {
    return arrayClass;
  }

  /** Whether its numbers have no sign. */
  public boolean isUnsigned() {
    return name().startsWith("UINT");
  }
}
