package triton.client.endpoint;

/** Where servers are: asked before each attempt, so that an implementation may balance, or follow a registry. */
public abstract class AbstractEndpoint {
  /**
   * The server to ask next: {@code host:port}, behind {@code http://} or {@code https://} if need be, before a base path if there
   * is one.
   *
   * @throws Exception if none is known; the call then fails with that cause.
   */
  public abstract String getEndpoint() throws Exception;
}
