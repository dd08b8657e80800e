package triton.client.pojo;

import java.util.Collections;
import java.util.Map;

/** What an answer says of one of its tensors. */
public class IOTensor {
  private String name;
  private DataType datatype;
  private long[] shape;
  private Map<String, Object> parameters;

  /** The output's name. */
  public String getName() {
    return name;
  }

  /** The type of its elements. */
  public DataType getDatatype() {
    return datatype;
  }

  /** Its dimensions, that of the batch included. */
  public long[] getShape() {
    return shape.clone();
  }

  /** What the server says besides, like {@code binary_data_size}. */
  public Map<String, Object> getParameters() {
    return parameters == null ? Collections.emptyMap() : Collections.unmodifiableMap(parameters);
  }

  /** How many elements its dimensions make. */
  public long getElementCount() {
    long count = 1;
    for (long dimension : shape) {
      count = Math.multiplyExact(count, dimension);
    }
    return count;
  }
}
