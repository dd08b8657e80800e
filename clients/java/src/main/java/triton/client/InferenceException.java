package triton.client;

/** A call that gave no answer: the server could not be reached, refused it, or failed. */
public class InferenceException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int statusCode;

  /** @param statusCode of HTTP; 0 if there was no answer. */
  public InferenceException(String message, int statusCode) {
    super(message);
    this.statusCode = statusCode;
  }

  public InferenceException(String message, Throwable cause) {
    super(message, cause);
    this.statusCode = 0;
  }

  /** Of HTTP; 0 if there was no answer. */
  public int getStatusCode() {
    return statusCode;
  }
}
