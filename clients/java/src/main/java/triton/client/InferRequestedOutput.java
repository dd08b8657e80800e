package triton.client;

import com.google.gson.JsonObject;

/** An output that is asked for, and how. */
public class InferRequestedOutput {
  private final String name;
  private final boolean isBinaryData;
  private final int classCount;

  public InferRequestedOutput(String name) {
    this(name, true);
  }

  public InferRequestedOutput(String name, boolean isBinaryData) {
    this(name, isBinaryData, 0);
  }

  /**
   * @param isBinaryData as bytes behind the JSON of the answer, which is faster, rather than as numbers in it.
   * @param classCount if more than 0: instead of the tensor, so many classes with the highest values, as strings {@code
   *     value:index} or {@code value:index:label}.
   */
  public InferRequestedOutput(String name, boolean isBinaryData, int classCount) {
    if (classCount < 0) {
      throw new IllegalArgumentException("output '" + name + "': expected 0 classes or more, got " + classCount);
    }
    this.name = name;
    this.isBinaryData = isBinaryData;
    this.classCount = classCount;
  }

  public String getName() {
    return name;
  }

  JsonObject toJson() {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("binary_data", isBinaryData);
    if (classCount > 0) {
      parameters.addProperty("classification", classCount);
    }
    JsonObject output = new JsonObject();
    output.addProperty("name", name);
    output.add("parameters", parameters);
    return output;
  }
}
