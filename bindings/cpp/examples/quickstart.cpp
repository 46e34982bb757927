// A request with a token that is kept valid:  ./quickstart "$(cat config.json)" lights
#include <bearer.hpp>

#include <iostream>

int main(int argc, char **argv)
try {
    if (argc != 3)
        return 2;
    bearer::client client(argv[1]);

    // Told of every new token set, as JSON, before it is used. Here is where yours is stored.
    client.on_token([](std::string_view) { std::cout << "a new token, to be saved\n"; });

    bearer::response response = client.request("GET", argv[2]);
    std::cout << response.status() << '\n' << response.body() << '\n';
} catch (const bearer::error &e) {
    std::cerr << name(e.status()) << ": " << e.what() << '\n';
    return e.needs_person() ? 3 : 1;
}
