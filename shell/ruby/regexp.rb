# Regular expressions, on PCRE2 (pattern.h), and what String does with them. A match is told in $~ and $1 ... $9.
class MatchData
  attr_reader :regexp, :string

  # places: [begin, end] of the whole and of each group, in bytes; nil where a group took no part.
  def initialize(regexp, string, places)
    @regexp = regexp
    @string = string
    @places = places
  end

  def [](group, *count)
    return to_a[group, *count] unless group.is_a?(String) || group.is_a?(Symbol)
    number = @regexp.group_numbers[group.to_s]
    raise IndexError, "undefined group name reference: #{group}" unless number
    to_a[number]
  end

  def to_a
    @to_a ||= @places.map { |from, to| from && @string.byteslice(from, to - from) }
  end

  def captures
    to_a[1, @places.size]
  end

  def names
    @regexp.names
  end

  def named_captures
    names.map { |name| [name, self[name]] }.to_h
  end

  def values_at(*groups)
    groups.map { |group| self[group] }
  end

  def begin(group)
    @places[group] && @places[group][0]
  end

  def end(group)
    @places[group] && @places[group][1]
  end

  def offset(group)
    @places[group] || [nil, nil]
  end

  def pre_match
    @string.byteslice(0, @places[0][0])
  end

  def post_match
    @string.byteslice(@places[0][1], @string.bytesize)
  end

  def size
    @places.size
  end
  alias length size

  def to_s
    to_a[0]
  end

  def ==(other)
    other.is_a?(MatchData) && [regexp, string, to_a] == [other.regexp, other.string, other.to_a]
  end

  def inspect
    numbers = @regexp.group_numbers.invert
    groups = (1...size).map { |number| " #{numbers[number] || number}:#{to_a[number].inspect}" }
    "#<MatchData #{to_s.inspect}#{groups.join}>"
  end
end

class Regexp
  IGNORECASE = 1
  EXTENDED = 2
  MULTILINE = 4
  LETTERS = { 'i' => IGNORECASE, 'x' => EXTENDED, 'm' => MULTILINE }

  attr_reader :source, :options

  def self.compile(source, options = nil, _encoding = nil)
    new(source, options)
  end

  def self.escape(text)
    text.to_s.each_char.map { |char| '.[]{}()*+?^$|\\-/#'.include?(char) ? "\\#{char}" : ESCAPES[char] || char }.join
  end
  ESCAPES = { "\n" => '\\n', "\t" => '\\t', "\r" => '\\r', "\f" => '\\f', "\v" => '\\v', ' ' => '\\ ' }

  def self.quote(text)
    escape(text)
  end

  def self.union(*patterns)
    new(patterns.flatten.map { |one| one.is_a?(Regexp) ? one.to_s : escape(one) }.join('|'))
  end

  def self.last_match(group = nil)
    group && $~ ? $~[group] : $~
  end

  def initialize(source, options = nil)
    @source = source.is_a?(Regexp) ? source.source : source
    @options = source.is_a?(Regexp) && options.nil? ? source.options : self.class.number(options)
    Shell::Native.search(@source, @options, '', 0)
  end

  # "im", true and 5 as a number.
  def self.number(options)
    return options.each_char.map { |letter| LETTERS[letter] || 0 }.inject(0) { |all, one| all | one } if options.is_a?(String)
    return options if options.is_a?(Integer)
    options ? IGNORECASE : 0
  end

  # The first match from a byte on; $~ and $1 are left alone.
  def find(text, from = 0)
    places = Shell::Native.search(@source, @options, text, from)
    places && MatchData.new(self, text, places)
  end

  # Calls with every match; one of nothing goes on behind the next character.
  def each_match(text)
    from = 0
    while from <= text.bytesize && (found = find(text, from))
      yield found
      from = found.end(0)
      next unless from == found.begin(0)
      from += 1
      from += 1 while from < text.bytesize && text.getbyte(from) & 0xC0 == 0x80
    end
  end

  def self.remember(found)
    Shell::Native.remember(found, found ? found.to_a : [])
  end

  def match(text, from = 0)
    found = Regexp.remember(text && find(text.to_s, from))
    found && block_given? ? yield(found) : found
  end

  # Where the text begins to match, in bytes; nil.
  def =~(text)
    found = match(text)
    found && found.begin(0)
  end

  def match?(text, from = 0)
    !text.nil? && !find(text.to_s, from).nil?
  end

  def ===(text)
    (text.is_a?(String) || text.is_a?(Symbol)) && !match(text).nil?
  end

  def group_numbers
    @group_numbers ||= Shell::Native.group_names(@source, @options)
  end

  def names
    group_numbers.sort_by { |_, number| number }.map(&:first)
  end

  def casefold?
    options & IGNORECASE > 0
  end

  def ==(other)
    other.is_a?(Regexp) && source == other.source && options == other.options
  end
  alias eql? ==

  def hash
    source.hash
  end

  def to_s
    @source
  end

  def inspect
    "/#{@source}/#{LETTERS.map { |letter, bit| options & bit > 0 ? letter : '' }.join}"
  end
end

class String
  alias text_index index
  alias text_slice []
  alias text_split split
  alias text_sub sub
  alias text_gsub gsub
  alias text_start_with? start_with?

  def =~(pattern)
    raise TypeError, 'type mismatch: String given' if pattern.is_a?(String)
    pattern && pattern =~ self
  end

  def match(pattern, from = 0, &block)
    Regexp.new(pattern).match(self, from, &block)
  end

  def match?(pattern, from = 0)
    Regexp.new(pattern).match?(self, from)
  end

  def [](first, *rest)
    return text_slice(first, *rest) unless first.is_a?(Regexp)
    found = first.match(self)
    found && found[rest[0] || 0]
  end

  def slice(*args)
    self[*args]
  end

  def index(pattern, from = 0)
    return text_index(pattern, from) unless pattern.is_a?(Regexp)
    found = pattern.match(self, from < 0 ? from + bytesize : from)
    found && found.begin(0)
  end

  def start_with?(*prefixes)
    prefixes.any? { |prefix| prefix.is_a?(Regexp) ? prefix.match(self)&.begin(0) == 0 : text_start_with?(prefix) }
  end

  # Of each match its text, or its groups.
  def scan(pattern)
    pattern = Regexp.new(Regexp.escape(pattern)) unless pattern.is_a?(Regexp)
    made = []
    pattern.each_match(self) do |found|
      Regexp.remember(found)
      one = found.size == 1 ? found.to_s : found.captures
      block_given? ? yield(one) : made << one
    end
    block_given? ? self : made
  end

  def split(pattern = nil, limit = 0)
    return text_split(pattern, limit) unless pattern.is_a?(Regexp)
    made = []
    from = 0
    pattern.each_match(self) do |found|
      break if limit > 0 && made.size == limit - 1
      next if found.end(0) == 0 || (found.to_s.empty? && found.begin(0) == bytesize)
      made << byteslice(from, found.begin(0) - from)
      made.concat(found.captures.compact)
      from = found.end(0)
    end
    made << byteslice(from, bytesize - from) unless empty?
    made.pop while limit == 0 && !made.empty? && made.last.empty?
    made
  end

  def sub(pattern, *replacement, &block)
    return text_sub(pattern, *replacement, &block) unless pattern.is_a?(Regexp) || replacement[0].is_a?(Hash)
    replaced(pattern, replacement, true, &block)
  end

  def gsub(pattern, *replacement, &block)
    return text_gsub(pattern, *replacement, &block) unless pattern.is_a?(Regexp) || replacement[0].is_a?(Hash)
    replaced(pattern, replacement, false, &block)
  end

  def sub!(*args, &block)
    made = sub(*args, &block)
    made == self ? nil : replace(made)
  end

  def gsub!(*args, &block)
    made = gsub(*args, &block)
    made == self ? nil : replace(made)
  end

  def replaced(pattern, replacement, is_once, &block)
    raise ArgumentError, "wrong number of arguments (given #{1 + replacement.size}, expected 1..2)" if replacement.size > 1 || (replacement.empty? && !block)
    pattern = Regexp.new(Regexp.escape(pattern)) unless pattern.is_a?(Regexp)
    made = ''
    from = 0
    pattern.each_match(self) do |found|
      Regexp.remember(found)
      made << byteslice(from, found.begin(0) - from) << (replacement.empty? ? block.call(found.to_s) : replacement_of(found, replacement[0])).to_s
      from = found.end(0)
      break if is_once
    end
    made << byteslice(from, bytesize - from)
  end

  def replacement_of(found, words)
    return words[found.to_s] if words.is_a?(Hash)
    return words unless words.include?('\\')
    made = ''
    from = 0
    Regexp.new('\\\\(?:(\d)|k<(\w+)>|([&0`\'\\\\]))').each_match(words) do |word|
      made << words.byteslice(from, word.begin(0) - from) << replacement_word(found, word).to_s
      from = word.end(0)
    end
    made << words.byteslice(from, words.bytesize - from)
  end

  def replacement_word(found, word)
    return found[word[1].to_i] if word[1]
    return found[word[2]] if word[2]
    { '&' => found.to_s, '`' => found.pre_match, "'" => found.post_match }.fetch(word[3], '\\')
  end
end

module Shell
  # Whether the regular expression is all of the name.
  def self.matches?(regex, name)
    Regexp.new("\\A(?:#{regex})\\z").match?(name)
  end
end
