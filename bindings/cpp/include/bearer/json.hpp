// The little JSON that a program without a JSON library needs: to write a configuration, and to read one member.
#ifndef BEARER_JSON_HPP
#define BEARER_JSON_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace bearer {

// A text as JSON has it, in quotes.
inline std::string quoted(std::string_view text)
{
    static const char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

// An object, written member by member: object().text("base_url", url).json("token", stored).
class object {
public:
    object &text(std::string_view name, std::string_view value) { return json(name, quoted(value)); }
    object &number(std::string_view name, std::int64_t value) { return json(name, std::to_string(value)); }
    object &boolean(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }

    // A value that is JSON already.
    object &json(std::string_view name, std::string_view value)
    {
        json_.pop_back();
        if (json_.size() > 1) {
            json_ += ',';
        }
        json_ += quoted(name);
        json_ += ':';
        json_ += value;
        json_ += '}';
        return *this;
    }

    const std::string &str() const noexcept { return json_; }
    operator std::string_view() const noexcept { return json_; }

private:
    std::string json_ = "{}";
};

namespace detail {

class json_reader {
public:
    explicit json_reader(std::string_view text) : text_(text) {}

    // Steps over a character, where it is the next one.
    bool take(char c)
    {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            at_++;
        }
        if (at_ < text_.size() && text_[at_] == c) {
            at_++;
            return true;
        }
        return false;
    }

    // Behind an opening quote: the text, and over the closing one.
    std::string string()
    {
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                at_++;
                escape(out);
            } else {
                out += text_[at_++];
            }
        }
        at_ += at_ < text_.size();
        return out;
    }

    // A value: a string decoded, everything else as it stands there.
    std::string value()
    {
        if (take('"')) {
            return string();
        }
        const std::size_t from = at_;
        for (int depth = 0; at_ < text_.size();) {
            const char c = text_[at_];
            if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
                break;
            }
            at_++;
            if (c == '"') {
                string();
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
            }
        }
        std::size_t to = at_;
        while (to > from && std::string_view(" \t\r\n").find(text_[to - 1]) != std::string_view::npos) {
            to--;
        }
        return std::string(text_.substr(from, to - from));
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;

    unsigned long hex4()
    {
        const std::string digits(text_.substr(at_, 4));
        at_ += digits.size();
        return std::strtoul(digits.c_str(), nullptr, 16);
    }

    void escape(std::string &out)
    {
        static const std::string_view from = "nrtbf", to = "\n\r\t\b\f";
        const char c = text_[at_++];
        if (c != 'u') {
            const std::size_t index = from.find(c);
            out += index == std::string_view::npos ? c : to[index];
            return;
        }
        unsigned long point = hex4();
        if (point >= 0xd800 && point < 0xdc00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            point = 0x10000 + ((point - 0xd800) << 10) + (hex4() - 0xdc00);
        }
        utf8(out, point);
    }

    static void utf8(std::string &out, unsigned long point)
    {
        const auto put = [&out](unsigned long byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (point < 0x80) {
            put(point);
        } else if (point < 0x800) {
            put(0xc0 | (point >> 6));
            put(0x80 | (point & 63));
        } else if (point < 0x10000) {
            put(0xe0 | (point >> 12));
            put(0x80 | ((point >> 6) & 63));
            put(0x80 | (point & 63));
        } else {
            put(0xf0 | ((point >> 18) & 7));
            put(0x80 | ((point >> 12) & 63));
            put(0x80 | ((point >> 6) & 63));
            put(0x80 | (point & 63));
        }
    }
};

}  // namespace detail

// A member of a JSON object: a text decoded, anything else as its JSON; nothing where there is none.
inline std::optional<std::string> member(std::string_view json, std::string_view name)
{
    detail::json_reader reader(json);
    if (!reader.take('{')) {
        return std::nullopt;
    }
    do {
        if (!reader.take('"')) {
            return std::nullopt;
        }
        const std::string key = reader.string();
        if (!reader.take(':')) {
            return std::nullopt;
        }
        std::string value = reader.value();
        if (key == name) {
            return value;
        }
    } while (reader.take(','));
    return std::nullopt;
}

}  // namespace bearer

#endif
