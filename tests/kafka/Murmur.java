import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Base64;
import org.apache.kafka.common.utils.Utils;

/** Reads keys in Base64, one a line; writes the hash of each, and its partition as Kafka's own producer has it. */
public class Murmur {
    public static void main(String[] arguments) throws IOException {
        int partitions = Integer.parseInt(arguments[0]);
        BufferedReader keys = new BufferedReader(new InputStreamReader(System.in));
        for (String line = keys.readLine(); line != null; line = keys.readLine()) {
            int hash = Utils.murmur2(Base64.getDecoder().decode(line));
            System.out.println(hash + " " + Utils.toPositive(hash) % partitions);
        }
    }
}
