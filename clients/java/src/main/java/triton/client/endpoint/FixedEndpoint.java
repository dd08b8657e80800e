package triton.client.endpoint;

/** Always the same server. */
public class FixedEndpoint extends AbstractEndpoint {
  private final String address;

  /** @param address as {@link AbstractEndpoint#getEndpoint()} gives it. */
  public FixedEndpoint(String address) {
    this.address = address;
  }

  @Override
  public String getEndpoint() {
    return address;
  }
}
