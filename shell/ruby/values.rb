# Turns what people type into what the wire wants, with the HBase shell's texts where it is wrong.
module Shell
  module Values
    UNITS = { 'DAY' => 86_400, 'HOUR' => 3_600, 'MINUTE' => 60, 'SECOND' => 1 }

    # "86400", 86400, "1 DAY 2 HOURS", "FOREVER" -> seconds as text.
    def self.ttl(value)
      return value.to_s if value.is_a?(Integer)
      text = value.to_s.strip.upcase
      return '2147483647' if text == 'FOREVER'
      return text if digits?(text)
      words = text.split(' ')
      seconds = 0
      index = 0
      while index < words.size
        word = words[index]
        if word.start_with?('(') # "86400 SECONDS (1 DAY)", as describe shows it
          break
        end
        number = words[index]
        unit = words[index + 1].to_s
        unit = unit[0, unit.size - 1] if unit.end_with?('S')
        raise ArgumentError, "Invalid interval: #{value}" unless digits?(number) && UNITS[unit]
        seconds += number.to_i * UNITS[unit]
        index += 2
      end
      raise ArgumentError, "Invalid interval: #{value}" if index == 0
      seconds.to_s
    end

    def self.digits?(text)
      return false if text.empty?
      text.bytes.all? { |byte| byte >= 48 && byte <= 57 }
    end

    # A number given as a number or as text.
    def self.integer(value, name)
      return value if value.is_a?(Integer)
      return value.to_i if value.is_a?(Float)
      text = value.to_s.strip
      body = text.start_with?('-') ? text[1, text.size - 1] : text
      raise ArgumentError, "#{name} should be a number, not #{value.inspect}" unless digits?(body)
      text.to_i
    end

    # "10GB", "65536" -> bytes as text.
    def self.size(value)
      text = value.to_s.strip.upcase
      return text if digits?(text)
      [['TB', 1 << 40], ['GB', 1 << 30], ['MB', 1 << 20], ['KB', 1 << 10], ['B', 1]].each do |suffix, factor|
        next unless text.end_with?(suffix)
        number = text[0, text.size - suffix.size].strip
        return (number.to_i * factor).to_s if digits?(number)
      end
      value.to_s
    end

    # 65536 -> "65536 B (64KB)"; -1 and 0 alone.
    def self.size_text(value)
      bytes = value.to_i
      return "#{bytes} B" if bytes < 1024
      parts = []
      rest = bytes
      [['TB', 1 << 40], ['GB', 1 << 30], ['MB', 1 << 20], ['KB', 1 << 10], ['B', 1]].each do |unit, factor|
        count = rest / factor
        parts << "#{count}#{unit}" if count > 0
        rest -= count * factor
      end
      "#{bytes} B (#{parts.join(' ')})"
    end

    # "86400" -> "86400 SECONDS (1 DAY)"; the greatest int is FOREVER.
    def self.ttl_text(value)
      seconds = value.to_i
      return 'FOREVER' if seconds == 2_147_483_647
      parts = []
      rest = seconds
      [['DAY', 86_400], ['HOUR', 3_600], ['MINUTE', 60], ['SECOND', 1]].each do |unit, factor|
        count = rest / factor
        parts << "#{count} #{unit}#{count == 1 ? '' : 'S'}" if count > 0
        rest -= count * factor
      end
      return "#{seconds} SECONDS" if seconds < 60
      "#{seconds} SECONDS (#{parts.join(' ')})"
    end

    # "f:q" -> ["f", "q"], "f" -> ["f", nil], "f:" -> ["f", ""].
    def self.column(text)
      text = text.to_s
      at = text.index(':')
      return [text, nil] unless at
      [text[0, at], text[at + 1, text.size - at - 1]]
    end

    # "f:q:toInt" and "f:q:c(class).toInt" -> [family, qualifier, converter or nil].
    CONVERTERS = %w[toInt toLong toShort toFloat toDouble toBoolean toString toStringBinary toBigDecimal len]

    def self.column_with_converter(text)
      family, qualifier = column(text)
      return [family, qualifier, nil] unless qualifier
      at = qualifier.rindex(':')
      return [family, qualifier, nil] unless at
      name = qualifier[at + 1, qualifier.size - at - 1]
      if name.start_with?('c(') && name.index(').')
        method = name[name.index(').') + 2, name.size]
        unless CONVERTERS.include?(method)
          raise ArgumentError, "Java classes cannot be loaded here: use one of #{CONVERTERS.join(', ')} instead of #{name}"
        end
        return [family, qualifier[0, at], method]
      end
      return [family, qualifier, nil] unless CONVERTERS.include?(name)
      [family, qualifier[0, at], name]
    end

    # Takes a key out of an options hash, by any of its names.
    def self.take(options, *names)
      names.each { |name| return options.delete(name) if options.key?(name) }
      nil
    end

    def self.boolean(value)
      value == true || value.to_s.downcase == 'true'
    end
  end
end
